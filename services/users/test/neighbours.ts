import { type Account, auth } from '@plaza/auth/contract'
import type { UserId } from '@plaza/kernel/contract'
import { type Db, newId, shardOf } from '@plaza/kernel/data'
import { appendEvents, newEvent } from '@plaza/kernel/events'
import { type Handlers, service } from '@plaza/kernel/service'
import { posts } from '@plaza/posts/contract'

/** An auth service with the accounts a test gives it: it answers and tells as the contract says. */
export function fakeAuth() {
  const accounts = new Map<UserId, Account>()
  let db: Db
  const tell = (type: 'registered' | 'suspended' | 'unsuspended', userId: UserId) =>
    db.transaction(async tx => {
      const event =
        type === 'registered'
          ? newEvent(auth, type, userId, { userId })
          : newEvent(auth, type, userId, { userId, revision: 1 })
      await appendEvents(tx, [event])
    })
  const known: Partial<Handlers<typeof auth>> = {
    accounts: ({ ids }) => ids.flatMap(id => accounts.get(id) ?? []),
    accountsByUsername: ({ usernames }) =>
      [...accounts.values()].filter(account =>
        usernames.some(name => name.toLowerCase() === account.username),
      ),
    // In parts of three, so that every check goes on.
    accountIds: ({ after = '' }) => {
      const ids = [...accounts.keys()].sort().filter(id => id > after)
      return { ids: ids.slice(0, 3), next: ids.length > 3 ? ids[2]! : null }
    },
    standings: ({ ids }) =>
      ids
        .filter(id => accounts.has(id))
        .map(id => ({ id, revision: 1, roles: ['user'], suspended: false, endedBefore: 0 })),
  }
  return {
    service: service(auth, undefined, kit => {
      db = kit.db
      return { handlers: withRefusals(auth.operations, known) }
    }),
    add: (account: Account) => accounts.set(account.id, account),
    get: (id: UserId) => accounts.get(id)!,
    /** The account is nobody's any more, as when its erasure has begun. */
    remove: (id: UserId) => accounts.delete(id),
    tellErasing: (userId: UserId) =>
      db.transaction(async tx => {
        const data = { userId, sessionId: newId('session', shardOf(userId)) }
        await appendEvents(tx, [newEvent(auth, 'erasing', userId, data)])
      }),
    tellErased: (userId: UserId) =>
      db.transaction(async tx => {
        await appendEvents(tx, [newEvent(auth, 'erased', userId, { userId })])
      }),
    tellRegistered: (userId: UserId) => tell('registered', userId),
    tellSuspended: (userId: UserId, suspended: boolean) =>
      tell(suspended ? 'suspended' : 'unsuspended', userId),
  }
}

/** A posts service that tells of posts. */
export function fakePosts() {
  let db: Db
  const there = new Map<UserId, number>()
  const add = (authorId: UserId, count: number) => there.set(authorId, (there.get(authorId) ?? 0) + count)
  const tell = (count: number, event: () => ReturnType<typeof newEvent>) =>
    db.transaction(async tx => {
      await appendEvents(tx, Array.from({ length: count }, event))
    })
  return {
    service: service(posts, undefined, kit => {
      db = kit.db
      const known: Partial<Handlers<typeof posts>> = {
        countByAuthors: ({ ids }) => ids.map(id => ({ id, count: there.get(id) ?? 0 })),
      }
      return { handlers: withRefusals(posts.operations, known) }
    }),
    tellCommented: (authorId: UserId) =>
      tell(1, () => {
        const [postId, replyTo] = [newId('post', shardOf(authorId)), newId('post', 0)]
        return newEvent(posts, 'posted', authorId, { postId, authorId, visibility: 'public', replyTo })
      }),
    tellHidden: (authorId: UserId) => {
      add(authorId, -1)
      return tell(1, () => {
        const postId = newId('post', shardOf(authorId))
        return newEvent(posts, 'hidden', authorId, { postId, authorId })
      })
    },
    tellPosted: (authorId: UserId, count: number) => {
      add(authorId, count)
      return tell(count, () => {
        const postId = newId('post', shardOf(authorId))
        return newEvent(posts, 'posted', authorId, { postId, authorId, visibility: 'public' })
      })
    },
    tellDeleted: (authorId: UserId, count: number) => {
      add(authorId, -count)
      return tell(count, () => {
        const postId = newId('post', shardOf(authorId))
        return newEvent(posts, 'deleted', authorId, { postId, authorId })
      })
    },
  }
}

// What users must never ask fails the test that asks it.
function withRefusals<H extends object>(operations: Readonly<Record<string, unknown>>, known: Partial<H>): H {
  const refuse = (name: string) => () => {
    throw new Error(`users asked for ${name}`)
  }
  return Object.fromEntries(
    Object.keys(operations).map(name => [name, known[name as keyof H] ?? refuse(name)]),
  ) as H
}
