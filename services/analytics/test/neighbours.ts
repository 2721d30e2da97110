import { auth } from '@plaza/auth/contract'
import type { Contract, UserId } from '@plaza/kernel/contract'
import { type Db, newId, shardOf } from '@plaza/kernel/data'
import { appendEvents, type NewEvent, newEvent } from '@plaza/kernel/events'
import { type Handlers, type ServiceDefinition, service } from '@plaza/kernel/service'
import { posts } from '@plaza/posts/contract'
import { users } from '@plaza/users/contract'

const visibility = 'public'

/** Services that tell what a test says, and must never be asked anything. */
export function fakeNeighbours() {
  const told = { auth: teller(auth), posts: teller(posts), users: teller(users) }
  return {
    services: [told.auth.service, told.posts.service, told.users.service],
    register: (userId: UserId) => told.auth.tell(newEvent(auth, 'registered', userId, { userId })),
    post: (authorId: UserId, count = 1) =>
      told.posts.tell(
        ...Array.from({ length: count }, () => {
          const postId = newId('post', shardOf(authorId))
          return newEvent(posts, 'posted', authorId, { postId, authorId, visibility })
        }),
      ),
    comment: (authorId: UserId) => {
      const [postId, replyTo] = [newId('post', 0), newId('post', 0)]
      return told.posts.tell(newEvent(posts, 'posted', authorId, { postId, authorId, visibility, replyTo }))
    },
    like: (userId: UserId) => {
      const reaction = { postId: newId('post', 0), authorId: newId('user', 0), userId }
      return told.posts.tell(newEvent(posts, 'liked', userId, reaction))
    },
    unlike: (userId: UserId) => {
      const reaction = { postId: newId('post', 0), authorId: newId('user', 0), userId }
      return told.posts.tell(newEvent(posts, 'unliked', userId, reaction))
    },
    repost: (userId: UserId) => {
      const [postId, repostId] = [newId('post', 0), newId('post', 0)]
      const reaction = { postId, repostId, authorId: newId('user', 0), userId }
      return told.posts.tell(newEvent(posts, 'reposted', userId, reaction))
    },
    follow: (followerId: UserId, followeeId: UserId) =>
      told.users.tell(newEvent(users, 'followed', followerId, { followerId, followeeId })),
  }
}

function teller<C extends Contract>(contract: C) {
  let db: Db
  const refuse = () => {
    throw new Error(`analytics asked ${contract.name}`)
  }
  return {
    service: service(contract, undefined, kit => {
      db = kit.db
      const handlers = Object.fromEntries(Object.keys(contract.operations).map(name => [name, refuse]))
      return { handlers: handlers as unknown as Handlers<C> }
    }) as unknown as ServiceDefinition,
    tell: (...events: NewEvent[]) =>
      db.transaction(async tx => {
        await appendEvents(tx, events)
      }),
  }
}
