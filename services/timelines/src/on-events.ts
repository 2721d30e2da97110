import type { UserId } from '@plaza/kernel/contract'
import { broadcast, type Subscription } from '@plaza/kernel/events'
import { posts as postsContract, type ReactionCache } from '@plaza/posts/contract'
import { users } from '@plaza/users/contract'
import type { AuthorLog } from './author-log.ts'
import { repostEntry } from './entries.ts'
import type { Inboxes } from './inboxes.ts'
import type { PublicRing } from './public-ring.ts'
import type { TimelinePosts } from './timeline-posts.ts'

type Reaction = Parameters<ReactionCache['hear']> extends [unknown, unknown, ...infer R] ? R : never

/** Feeds everything that is kept in memory. An event counts as heard when all of it has had its effect. */
export function onEvents(
  inboxes: Inboxes,
  ring: PublicRing,
  posts: TimelinePosts,
  reactions: ReactionCache,
  log: AuthorLog,
): readonly Subscription[] {
  /** Each event of a person's log, in their order: what they did to a post too. */
  const heard = (person: UserId, version: number, ...reaction: Reaction) => {
    reactions.hear(person, version, ...reaction)
    inboxes.hear(person, version)
    log.hear(person, version)
  }
  return [
    broadcast(
      'posts',
      postsContract,
      {
        posted: async ({ version, data: { postId, authorId, visibility, replyTo } }) => {
          // Answers stand in threads only.
          if (replyTo === undefined) {
            if (visibility === 'public') ring.insert(postId)
            await inboxes.deliver(authorId, postId, version)
          }
          heard(authorId, version)
        },
        edited: ({ version, data: { postId, authorId } }) => {
          posts.drop(postId)
          heard(authorId, version)
        },
        // Lists find out when they want to show it.
        deleted: ({ version, data: { postId, authorId } }) => {
          posts.drop(postId)
          heard(authorId, version)
        },
        hidden: ({ version, data: { postId, authorId } }) => {
          posts.drop(postId)
          heard(authorId, version)
        },
        liked: ({ version, data: { postId, userId } }) => heard(userId, version, 'liked', postId),
        unliked: ({ version, data: { postId, userId } }) => heard(userId, version, 'unliked', postId),
        reposted: async ({ version, data: { repostId, postId, userId } }) => {
          await inboxes.deliver(userId, repostEntry(repostId, postId, userId), version)
          heard(userId, version, 'reposted', postId)
        },
        unreposted: async ({ version, data: { repostId, postId, userId } }) => {
          await inboxes.withdraw(userId, repostEntry(repostId, postId, userId))
          heard(userId, version, 'unreposted', postId)
        },
        counted: ({ data }) => {
          for (const counts of data.counts) posts.count(counts)
        },
      },
      () => {
        inboxes.clear()
        ring.clear()
        posts.clear()
        reactions.clear()
        log.clear()
      },
    ),
    broadcast('authors', users, { profileChanged: event => posts.dropAuthor(event.data.userId) }, () =>
      posts.dropAuthors(),
    ),
  ]
}
