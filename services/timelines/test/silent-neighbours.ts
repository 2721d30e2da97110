import type { PostId, UserId } from '@plaza/kernel/contract'
import { newId, randomShard, shardOf } from '@plaza/kernel/data'
import { type Handlers, service } from '@plaza/kernel/service'
import { type PostFacts, posts } from '@plaza/posts/contract'
import { users } from '@plaza/users/contract'

/** Posts and users that answer as the contracts say, and whose events are never heard: as if all were late. */
export function silentNeighbours() {
  const written = new Map<PostId, PostFacts>()
  const versions = new Map<UserId, number>()
  const following = new Map<UserId, Set<UserId>>()
  const relationVersions = new Map<UserId, number>()
  let asked = 0

  const raise = (counts: Map<UserId, number>, id: UserId) => counts.set(id, (counts.get(id) ?? 0) + 1)
  const page = (
    wanted: (facts: PostFacts) => boolean,
    span: { before?: PostId; after?: PostId; limit: number },
  ) => {
    asked++
    const ids = [...written.values()].filter(wanted).map(facts => facts.id)
    const { before, after, limit } = span
    if (after !== undefined)
      return {
        ids: ids
          .filter(id => id > after)
          .sort()
          .slice(0, limit),
      }
    return {
      ids: ids
        .filter(id => before === undefined || id < before)
        .sort()
        .reverse()
        .slice(0, limit),
    }
  }
  const knownPosts: Partial<Handlers<typeof posts>> = {
    byIds: ({ ids }) => ids.flatMap(id => written.get(id) ?? []),
    authorVersions: ({ ids }) => ids.map(id => ({ id, version: versions.get(id) ?? 0 })),
    pageByAuthors: ({ authors, ...span }) => page(facts => authors.includes(facts.authorId), span),
    pagePublic: ({ without, ...span }) =>
      page(facts => facts.visibility === 'public' && !without.includes(facts.authorId), span),
  }
  const knownUsers: Partial<Handlers<typeof users>> = {
    cards: ({ ids }) => ids.map(id => ({ id, username: 'x', displayName: 'X', avatarUrl: null, version: 1 })),
    relationVersions: ({ ids }) => ids.map(id => ({ id, version: relationVersions.get(id) ?? 0 })),
    relations: ({ id }) => ({
      version: relationVersions.get(id) ?? 0,
      following: [...(following.get(id) ?? [])],
      blocked: [],
      muted: [],
      suspended: false,
    }),
  }

  return {
    services: [
      service(users, undefined, () => ({ handlers: withRefusals(users.operations, knownUsers) })),
      service(posts, undefined, () => ({ handlers: withRefusals(posts.operations, knownPosts) })),
    ],
    person: () => newId('user', randomShard()),
    post: (authorId: UserId, text: string): PostId => {
      const id = newId('post', shardOf(authorId))
      const createdAt = new Date().toISOString()
      written.set(id, {
        id,
        authorId,
        text,
        tags: [],
        mentions: [],
        visibility: 'public',
        createdAt,
        editedAt: null,
        version: 1,
      })
      raise(versions, authorId)
      return id
    },
    edit: (id: PostId, text: string) => {
      const before = written.get(id)!
      written.set(id, { ...before, text, version: before.version + 1 })
      raise(versions, before.authorId)
    },
    delete: (id: PostId) => {
      raise(versions, written.get(id)!.authorId)
      written.delete(id)
    },
    follow: (by: UserId, id: UserId) => {
      following.set(by, new Set([...(following.get(by) ?? []), id]))
      raise(relationVersions, by)
    },
    /** How often a page of ids was read. */
    pagesRead: () => asked,
  }
}

// What timelines must never ask fails the test that asks it.
function withRefusals<H extends object>(operations: Readonly<Record<string, unknown>>, known: Partial<H>): H {
  const refuse = (name: string) => () => {
    throw new Error(`timelines asked for ${name}`)
  }
  return Object.fromEntries(
    Object.keys(operations).map(name => [name, known[name as keyof H] ?? refuse(name)]),
  ) as H
}
