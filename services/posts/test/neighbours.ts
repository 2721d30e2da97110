import { auth } from '@plaza/auth/contract'
import type { UserId } from '@plaza/kernel/contract'
import { type Db, newId, randomShard } from '@plaza/kernel/data'
import { appendEvents, newEvent } from '@plaza/kernel/events'
import { type Handlers, service } from '@plaza/kernel/service'
import { type Card, users } from '@plaza/users/contract'

/** A users service with the people and relations a test gives it: it answers and tells as the contract says. */
export function fakeUsers() {
  const cards = new Map<UserId, Card>()
  const versions = new Map<UserId, number>()
  const relations = { follow: new Set<string>(), block: new Set<string>() }
  let db: Db

  const from = (kind: keyof typeof relations, id: UserId) =>
    [...relations[kind]].filter(pair => pair.startsWith(id)).map(pair => pair.split(' ')[1] as UserId)
  const to = (kind: keyof typeof relations, id: UserId) =>
    [...relations[kind]].filter(pair => pair.endsWith(id)).map(pair => pair.split(' ')[0] as UserId)
  const known: Partial<Handlers<typeof users>> = {
    cards: ({ ids }) => ids.flatMap(id => cards.get(id) ?? []),
    idsByUsername: ({ usernames }) =>
      usernames.flatMap(username => {
        const card = [...cards.values()].find(each => each.username === username.toLowerCase())
        return card ? [{ username, id: card.id }] : []
      }),
    relationVersions: ({ ids }) => ids.map(id => ({ id, version: versions.get(id) ?? 0 })),
    relations: ({ id }) => ({
      version: versions.get(id) ?? 0,
      following: from('follow', id),
      blocked: [...from('block', id), ...to('block', id)],
      muted: [],
      suspended: false,
    }),
    relationsBetween: ({ viewer, others }) =>
      others.map(id => ({
        id,
        following: relations.follow.has(`${viewer} ${id}`),
        followedBy: relations.follow.has(`${id} ${viewer}`),
        blocking: relations.block.has(`${viewer} ${id}`),
        blockedBy: relations.block.has(`${id} ${viewer}`),
        muting: false,
      })),
  }

  return {
    service: service(users, undefined, kit => {
      db = kit.db
      return { handlers: withRefusals(users.operations, known) }
    }),
    add: (username: string): UserId => {
      const id = newId('user', randomShard())
      cards.set(id, { id, username, displayName: username, avatarUrl: null, version: 1 })
      return id
    },
    card: (id: UserId) => cards.get(id)!,
    relate: (kind: keyof typeof relations, of: UserId, other: UserId, holds = true) => {
      if (holds) relations[kind].add(`${of} ${other}`)
      else relations[kind].delete(`${of} ${other}`)
      for (const id of [of, other]) versions.set(id, (versions.get(id) ?? 0) + 1)
    },
    rename: async (id: UserId, displayName: string) => {
      const card = cards.get(id)!
      cards.set(id, { ...card, displayName, version: card.version + 1 })
      versions.set(id, (versions.get(id) ?? 0) + 1)
      await db.transaction(async tx => {
        await appendEvents(tx, [newEvent(users, 'profileChanged', id, { userId: id })])
      })
    },
  }
}

/** An auth service that knows who is suspended, and tells when that changes. */
export function fakeAuth() {
  const suspended = new Set<UserId>()
  let db: Db
  const known: Partial<Handlers<typeof auth>> = {
    suspendedIds: () => ({ ids: [...suspended], next: null }),
  }
  return {
    service: service(auth, undefined, kit => {
      db = kit.db
      return { handlers: withRefusals(auth.operations, known) }
    }),
    suspend: async (id: UserId, isSo = true) => {
      if (isSo) suspended.add(id)
      else suspended.delete(id)
      await db.transaction(async tx => {
        await appendEvents(tx, [
          newEvent(auth, isSo ? 'suspended' : 'unsuspended', id, { userId: id, revision: 1 }),
        ])
      })
    },
  }
}

// What posts must never ask fails the test that asks it.
function withRefusals<H extends object>(operations: Readonly<Record<string, unknown>>, known: Partial<H>): H {
  const refuse = (name: string) => () => {
    throw new Error(`posts asked for ${name}`)
  }
  return Object.fromEntries(
    Object.keys(operations).map(name => [name, known[name as keyof H] ?? refuse(name)]),
  ) as H
}
