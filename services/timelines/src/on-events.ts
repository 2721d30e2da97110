import { broadcast, type Subscription } from '@plaza/kernel/events'
import { posts as postsContract } from '@plaza/posts/contract'
import { users } from '@plaza/users/contract'
import type { AuthorLog } from './author-log.ts'
import type { Inboxes } from './inboxes.ts'
import type { PublicRing } from './public-ring.ts'
import type { TimelinePosts } from './timeline-posts.ts'

/** Feeds everything that is kept in memory. An event counts as heard when all of it has had its effect. */
export function onEvents(
  inboxes: Inboxes,
  ring: PublicRing,
  posts: TimelinePosts,
  log: AuthorLog,
): readonly Subscription[] {
  const heard = (author: Parameters<AuthorLog['hear']>[0], version: number) => {
    inboxes.hear(author, version)
    log.hear(author, version)
  }
  return [
    broadcast(
      'posts',
      postsContract,
      {
        posted: async ({ version, data: { postId, authorId, visibility } }) => {
          if (visibility === 'public') ring.insert(postId)
          await inboxes.deliver(authorId, postId)
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
      },
      () => {
        inboxes.clear()
        ring.clear()
        posts.clear()
        log.clear()
      },
    ),
    broadcast('authors', users, { profileChanged: event => posts.dropAuthor(event.data.userId) }, () =>
      posts.dropAuthors(),
    ),
  ]
}
