import { auth } from '@plaza/auth/contract'
import type { PostId, UserId } from '@plaza/kernel/contract'
import { newId, newUuid, randomShard, shardOf, toId } from '@plaza/kernel/data'
import { type Handlers, service } from '@plaza/kernel/service'
import { type PostFacts, posts } from '@plaza/posts/contract'
import { users } from '@plaza/users/contract'

interface Span {
  readonly before?: PostId
  readonly after?: PostId
  readonly limit: number
}

/** What a test says of a post besides its text. */
interface Said {
  readonly replyTo?: PostId
  readonly visibility?: 'public' | 'followers'
  /** How many milliseconds ago (0). */
  readonly ago?: number
}

/** Auth, users and posts that answer as the contracts say, and whose events are never heard: as if all were late. */
export function silentNeighbours() {
  const written = new Map<PostId, PostFacts>()
  /** The entry of each repost, by `<person> <post>`. */
  const reposts = new Map<string, PostId>()
  const likes = new Set<string>()
  const versions = new Map<UserId, number>()
  const following = new Map<UserId, Set<UserId>>()
  const blocked = new Map<UserId, Set<UserId>>()
  const relationVersions = new Map<UserId, number>()
  const suspended = new Set<UserId>()
  const asked = { pages: 0, reactionsTo: 0 }

  const raise = (counts: Map<UserId, number>, id: UserId) => counts.set(id, (counts.get(id) ?? 0) + 1)
  const page = (entries: readonly PostId[], { before, after, limit }: Span) => {
    asked.pages++
    const sorted = [...entries].sort()
    const place = (entry: PostId) => entry.slice(0, 31)
    if (after !== undefined) return sorted.filter(entry => place(entry) > after).slice(0, limit)
    return sorted
      .reverse()
      .filter(entry => before === undefined || place(entry) < before)
      .slice(0, limit)
  }
  const postsThat = (wanted: (facts: PostFacts) => boolean) =>
    [...written.values()].filter(facts => facts.replyTo === null && wanted(facts)).map(facts => facts.id)
  const ofPerson = (pairs: Iterable<string>, id: UserId) =>
    [...pairs].flatMap(pair => (pair.startsWith(`${id} `) ? [pair.slice(id.length + 1) as PostId] : []))
  const reactionsOf = (id: UserId) => ({
    liked: ofPerson(likes, id).sort().reverse(),
    reposted: ofPerson(reposts.keys(), id).sort().reverse(),
  })

  const knownPosts: Partial<Handlers<typeof posts>> = {
    byIds: ({ ids }) => ids.flatMap(id => written.get(id) ?? []),
    authorVersions: ({ ids }) => ids.map(id => ({ id, version: versions.get(id) ?? 0 })),
    pageByAuthors: ({ authors, ...span }) => ({
      ids: page(
        postsThat(facts => authors.includes(facts.authorId)),
        span,
      ),
    }),
    pageEntries: ({ authors, ...span }) => {
      const own = postsThat(facts => authors.includes(facts.authorId))
      const reposted = [...reposts].flatMap(([pair, entry]) =>
        authors.includes(pair.split(' ')[0] as UserId) ? [entry] : [],
      )
      return { entries: page([...own, ...reposted], span) }
    },
    pagePublic: ({ without, ...span }) => ({
      ids: page(
        postsThat(facts => facts.visibility === 'public' && !without.includes(facts.authorId)),
        span,
      ),
    }),
    pageByTag: ({ without, ...span }) => ({
      ids: page(
        postsThat(facts => !without.includes(facts.authorId)),
        span,
      ),
    }),
    // It remembers very little, so that both ways are taken.
    reactions: ({ id }) => {
      const { liked, reposted } = reactionsOf(id)
      const [likedFloor, repostedFloor] = [liked[1] ?? '', reposted[1] ?? '']
      return {
        version: versions.get(id) ?? 0,
        liked: liked.slice(0, 2),
        likedFloor,
        reposted: reposted.slice(0, 2),
        repostedFloor,
      }
    },
    reactionsTo: ({ id, ids }) => {
      asked.reactionsTo++
      const { liked, reposted } = reactionsOf(id)
      return {
        liked: liked.filter(each => ids.includes(each)),
        reposted: reposted.filter(each => ids.includes(each)),
      }
    },
  }
  const knownUsers: Partial<Handlers<typeof users>> = {
    cards: ({ ids }) => ids.map(id => ({ id, username: 'x', displayName: 'X', avatarUrl: null, version: 1 })),
    relationVersions: ({ ids }) => ids.map(id => ({ id, version: relationVersions.get(id) ?? 0 })),
    relations: ({ id }) => ({
      version: relationVersions.get(id) ?? 0,
      following: [...(following.get(id) ?? [])],
      blocked: [...(blocked.get(id) ?? [])],
      muted: [],
      suspended: false,
    }),
  }
  const knownAuth: Partial<Handlers<typeof auth>> = {
    suspendedIds: () => ({ ids: [...suspended], next: null }),
  }

  return {
    services: [
      service(auth, undefined, () => ({ handlers: withRefusals(auth.operations, knownAuth) })),
      service(users, undefined, () => ({ handlers: withRefusals(users.operations, knownUsers) })),
      service(posts, undefined, () => ({ handlers: withRefusals(posts.operations, knownPosts) })),
    ],
    person: () => newId('user', randomShard()),
    post: (
      authorId: UserId,
      text: string,
      { replyTo, visibility = 'public', ago = 0 }: Said = {},
    ): PostId => {
      const id = idFrom(authorId, ago)
      const answered = replyTo && written.get(replyTo)!
      written.set(id, {
        id,
        authorId,
        text,
        tags: [],
        mentions: [],
        visibility,
        replyTo: replyTo ?? null,
        rootId: answered ? (answered.rootId ?? answered.id) : null,
        answeredId: answered ? answered.authorId : null,
        likeCount: 0,
        replyCount: 0,
        repostCount: 0,
        createdAt: new Date().toISOString(),
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
    like: (by: UserId, id: PostId, holds = true) => {
      if (holds) likes.add(`${by} ${id}`)
      else likes.delete(`${by} ${id}`)
      raise(versions, by)
    },
    repost: (by: UserId, id: PostId, ago = 0): PostId => {
      const entry: PostId = `${idFrom(by, ago)}~${id}~${by}`
      reposts.set(`${by} ${id}`, entry)
      raise(versions, by)
      return entry
    },
    unrepost: (by: UserId, id: PostId) => {
      reposts.delete(`${by} ${id}`)
      raise(versions, by)
    },
    /** What goes wrong in a way that no version tells. */
    loseRepost: (by: UserId, id: PostId) => reposts.delete(`${by} ${id}`),
    follow: (by: UserId, id: UserId) => {
      following.set(by, new Set([...(following.get(by) ?? []), id]))
      raise(relationVersions, by)
    },
    block: (by: UserId, id: UserId) => {
      blocked.set(by, new Set([...(blocked.get(by) ?? []), id]))
      raise(relationVersions, by)
    },
    /** How often a page of ids was read. */
    pagesRead: () => asked.pages,
    /** How often it was asked for reactions to old posts. */
    reactionsAsked: () => asked.reactionsTo,
  }
}

function idFrom(person: UserId, ago: number): PostId {
  if (ago === 0) return newId('post', shardOf(person))
  // `newUuid` never goes back, so the time of what is old is put in afterwards.
  const time = (Date.now() - ago).toString(16).padStart(12, '0')
  return toId('post', `${time.slice(0, 8)}-${time.slice(8)}${newUuid(shardOf(person)).slice(13)}`)
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
