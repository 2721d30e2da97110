import { auth, mayNotSuspend, userNotFound } from '@plaza/auth/contract'
import { type PostId, type UserId, unavailable } from '@plaza/kernel/contract'
import { type Db, newId, randomShard, shardOf } from '@plaza/kernel/data'
import { appendEvents, type NewEvent, newEvent } from '@plaza/kernel/events'
import type { Role } from '@plaza/kernel/security'
import { type Handlers, service } from '@plaza/kernel/service'
import { type PostFacts, postNotFound, posts } from '@plaza/posts/contract'
import { type Card, users } from '@plaza/users/contract'

/** An auth service that knows moderators, suspends, and tells as the contract says. */
export function fakeAuth() {
  const roles = new Map<UserId, readonly Role[]>()
  const suspended = new Map<UserId, { by: UserId; keys: Set<string> }>()
  let db: Db
  let isDown = false
  const assertUp = () => {
    if (isDown) throw unavailable('auth is down.')
  }
  const tell = (...events: NewEvent[]) =>
    db.transaction(async tx => {
      await appendEvents(tx, events)
    })
  const assertMaySuspend = (id: UserId) => {
    if (!roles.has(id)) throw userNotFound(`There is nobody with the id ${id}.`)
    if (roles.get(id)!.includes('moderator')) throw mayNotSuspend(`${id} is a moderator.`)
    return null
  }
  const known: Partial<Handlers<typeof auth>> = {
    assertMaySuspend: ({ id }) => {
      assertUp()
      return assertMaySuspend(id)
    },
    suspendFor: async ({ id, by }, { idempotency }) => {
      assertUp()
      assertMaySuspend(id)
      const before = suspended.get(id)
      suspended.set(id, { by, keys: new Set(before?.keys).add(idempotency!.key) })
      if (before === undefined) await tell(newEvent(auth, 'suspended', id, { userId: id, revision: 2, by }))
      return null
    },
  }
  return {
    service: service(auth, undefined, kit => {
      db = kit.db
      return { handlers: withRefusals('auth', auth.operations, known) }
    }),
    add: (id: UserId, ...held: Role[]) => roles.set(id, ['user', ...held]),
    remove: (id: UserId) => roles.delete(id),
    suspension: (id: UserId) => suspended.get(id),
    break: (down = true) => {
      isDown = down
    },
    tell,
  }
}

/** A posts service with the posts a test gives it. */
export function fakePosts() {
  const all = new Map<PostId, PostFacts>()
  const hidden = new Set<PostId>()
  const unseen = new Set<PostId>()
  let isDown = false
  const there = (id: PostId) => {
    const post = all.get(id)
    if (post === undefined) throw postNotFound(`There is no post ${id}.`)
    return post
  }
  const known: Partial<Handlers<typeof posts>> = {
    get: ({ id }) => {
      const { authorId, rootId, answeredId, visibility, ...post } = there(id)
      if (hidden.has(id) || unseen.has(id)) throw postNotFound(`There is no post ${id}.`)
      const author = { id: authorId, username: 'x', displayName: 'X', avatarUrl: null }
      return { ...post, author, media: [], products: [], visibility: 'public' as const }
    },
    byIds: ({ ids, hidden: too }) => ids.flatMap(id => (hidden.has(id) && !too ? [] : (all.get(id) ?? []))),
    hide: ({ id }) => {
      if (isDown) throw unavailable('posts is down.')
      there(id)
      hidden.add(id)
      return null
    },
  }
  return {
    service: service(posts, undefined, () => ({ handlers: withRefusals('posts', posts.operations, known) })),
    add: (authorId: UserId, text: string): PostId => {
      const id = newId('post', shardOf(authorId))
      all.set(id, {
        id,
        authorId,
        text,
        tags: [],
        mentions: [],
        replyTo: null,
        rootId: null,
        answeredId: null,
        visibility: 'public',
        likeCount: 0,
        replyCount: 0,
        repostCount: 0,
        createdAt: new Date().toISOString(),
        editedAt: null,
        version: 1,
      })
      return id
    },
    delete: (id: PostId) => all.delete(id),
    isHidden: (id: PostId) => hidden.has(id),
    hide: (id: PostId) => hidden.add(id),
    show: (id: PostId) => hidden.delete(id),
    /** Nobody who asks may see it. */
    close: (id: PostId) => unseen.add(id),
    break: (down = true) => {
      isDown = down
    },
  }
}

/** A users service with cards. */
export function fakeUsers() {
  const cards = new Map<UserId, Card>()
  const known: Partial<Handlers<typeof users>> = {
    cards: ({ ids }) => ids.flatMap(id => cards.get(id) ?? []),
  }
  return {
    service: service(users, undefined, () => ({ handlers: withRefusals('users', users.operations, known) })),
    add: (username: string): UserId => {
      const id = newId('user', randomShard())
      cards.set(id, { id, username, displayName: username, avatarUrl: null, version: 1 })
      return id
    },
    card: (id: UserId) => {
      const { version, ...card } = cards.get(id)!
      return card
    },
    remove: (id: UserId) => cards.delete(id),
  }
}

// What moderation must never ask fails the test that asks it.
function withRefusals<H extends object>(
  of: string,
  operations: Readonly<Record<string, unknown>>,
  known: Partial<H>,
): H {
  const refuse = (name: string) => () => {
    throw new Error(`moderation asked ${of} for ${name}`)
  }
  return Object.fromEntries(
    Object.keys(operations).map(name => [name, known[name as keyof H] ?? refuse(name)]),
  ) as H
}
