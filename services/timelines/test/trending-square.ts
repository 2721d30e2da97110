import { auth } from '@plaza/auth/contract'
import { deriveContext, makeCall } from '@plaza/kernel/call'
import type { PageOf, PostId, UserId } from '@plaza/kernel/contract'
import { type Db, newId, randomShard, shardOf } from '@plaza/kernel/data'
import { appendEvents, type NewEvent, newEvent } from '@plaza/kernel/events'
import { type Handlers, service } from '@plaza/kernel/service'
import { type PostFacts, posts } from '@plaza/posts/contract'
import { asking, bootServices } from '@plaza/testing'
import { users } from '@plaza/users/contract'
import { timelines } from '../src/contract.ts'
import { timelinesService } from '../src/service.ts'

export type TrendingSquare = Awaited<ReturnType<typeof openTrendingSquare>>

/** What a test says of a post besides its text. */
interface Said {
  readonly tags?: string[]
  readonly visibility?: 'public' | 'followers'
  readonly replyTo?: PostId
}

type Page = { cursor?: string; limit?: number }

/** The timelines service as it really runs, beside auth, users and posts that answer and tell as their contracts say. */
export async function openTrendingSquare(instances = 1) {
  // An instance that does not start must not leave the others running.
  await using undo = new AsyncDisposableStack()
  const others = neighbours()
  const services = [...others.services, timelinesService]
  const booted = [undo.use(await bootServices(services))]
  const boot = async (of: AsyncDisposableStack) =>
    booted.push(of.use(await bootServices(services, { beside: booted[0]! })))
  while (booted.length < instances) await boot(undo)
  const owner = await booted[0]!.scratch.connect()
  const client = (instance: number) => makeCall(booted[instance]!.host.dispatcher)(timelines)
  const context = (id: UserId | undefined) => deriveContext(asking(id), { caller: 'edge' })
  const parts = undo.move()

  return {
    ...others,
    owner,
    posts: (id?: UserId, page: Page = {}, instance = 0) => client(instance).trendingPosts(page, context(id)),
    tags: (page: Page = {}, id?: UserId, instance = 0) => client(instance).trendingTags(page, context(id)),
    /** One instance more, on the same database. Returns its number. */
    boot: async () => (await boot(parts)) - 1,
    /** Waits until everything that was told before was heard, by one instance alone. */
    heard: async () => {
      const tag = `heard${newId('post', 0).slice(5)}`
      await others.post(others.person(), 'heard', { tags: [tag] })
      await until(async () => {
        const { rowCount } = await owner.query('select from timelines.trends where subject = $1', [`#${tag}`])
        return rowCount === 1
      })
    },
    close: () => parts.disposeAsync(),
  }
}

function neighbours() {
  const written = new Map<PostId, PostFacts>()
  const versions = new Map<UserId, number>()
  const hidden = new Map<UserId, UserId[]>()
  const suspended = new Set<UserId>()
  let postsDb: Db
  let authDb: Db
  const tell = async (events: readonly NewEvent[]) => {
    await postsDb.transaction(async tx => {
      await appendEvents(tx, events)
    })
    for (const { stream } of events) versions.set(stream as UserId, (versions.get(stream as UserId) ?? 0) + 1)
  }
  const knownPosts: Partial<Handlers<typeof posts>> = {
    byIds: ({ ids }) => ids.flatMap(id => written.get(id) ?? []),
    authorVersions: ({ ids }) => ids.map(id => ({ id, version: versions.get(id) ?? 0 })),
    reactions: ({ id }) => ({
      version: versions.get(id) ?? 0,
      liked: [],
      likedFloor: '',
      reposted: [],
      repostedFloor: '',
    }),
  }
  const knownUsers: Partial<Handlers<typeof users>> = {
    cards: ({ ids }) => ids.map(id => ({ id, username: 'x', displayName: 'X', avatarUrl: null, version: 1 })),
    relationVersions: ({ ids }) => ids.map(id => ({ id, version: hidden.get(id)?.length ?? 0 })),
    relations: ({ id }) => {
      const blocked = hidden.get(id) ?? []
      return { version: blocked.length, following: [], blocked, muted: [], suspended: false }
    },
  }
  const knownAuth: Partial<Handlers<typeof auth>> = {
    suspendedIds: () => ({ ids: [...suspended], next: null }),
  }
  const vanish = async (id: PostId, type: 'deleted' | 'hidden') => {
    const { authorId, replyTo } = written.get(id)!
    written.delete(id)
    const answers = replyTo === null ? {} : { replyTo }
    await tell([newEvent(posts, type, authorId, { postId: id, authorId, ...answers })])
  }
  const reactions = (type: 'liked' | 'unliked' | 'reposted' | 'unreposted', by: UserId, id: PostId) => {
    const data = { postId: id, authorId: written.get(id)!.authorId, userId: by }
    return newEvent(posts, type, by, type.endsWith('liked') ? data : { ...data, repostId: newId('post', 0) })
  }

  return {
    services: [
      service(auth, undefined, kit => {
        authDb = kit.db
        return { handlers: withRefusals(auth.operations, knownAuth) }
      }),
      service(users, undefined, () => ({ handlers: withRefusals(users.operations, knownUsers) })),
      service(posts, undefined, kit => {
        postsDb = kit.db
        return { handlers: withRefusals(posts.operations, knownPosts) }
      }),
    ],
    person: () => newId('user', randomShard()),
    people: (count: number) => Array.from({ length: count }, () => newId('user', randomShard())),
    post: async (
      authorId: UserId,
      text: string,
      { visibility = 'public', ...more }: Said = {},
    ): Promise<PostId> => {
      const facts = factsOf(authorId, text, { visibility, ...more })
      written.set(facts.id, facts)
      const answered = facts.replyTo === null ? undefined : written.get(facts.replyTo)!
      const { id } = facts
      const answers = answered && { replyTo: answered.id, answeredId: answered.authorId }
      await tell([newEvent(posts, 'posted', authorId, { postId: id, authorId, visibility, ...answers })])
      return id
    },
    setTags: async (id: PostId, tags: string[]) => {
      const facts = written.get(id)!
      written.set(id, { ...facts, tags, version: facts.version + 1 })
      const { authorId } = facts
      await tell([newEvent(posts, 'edited', authorId, { postId: id, authorId })])
    },
    delete: (id: PostId) => vanish(id, 'deleted'),
    hide: (id: PostId) => vanish(id, 'hidden'),
    like: async (id: PostId, ...people: UserId[]) => tell(people.map(by => reactions('liked', by, id))),
    unlike: async (id: PostId, by: UserId) => tell([reactions('unliked', by, id)]),
    repost: async (id: PostId, ...people: UserId[]) => tell(people.map(by => reactions('reposted', by, id))),
    unrepost: async (id: PostId, by: UserId) => tell([reactions('unreposted', by, id)]),
    /** Neither sees the other any more. */
    block: (one: UserId, other: UserId) => {
      hidden.set(one, [...(hidden.get(one) ?? []), other])
      hidden.set(other, [...(hidden.get(other) ?? []), one])
    },
    suspend: async (userId: UserId, holds = true) => {
      if (holds) suspended.add(userId)
      else suspended.delete(userId)
      await authDb.transaction(async tx => {
        const type = holds ? 'suspended' : 'unsuspended'
        await appendEvents(tx, [newEvent(auth, type, userId, { userId, revision: 1 })])
      })
    },
  }
}

function factsOf(authorId: UserId, text: string, more: Partial<PostFacts>): PostFacts {
  return {
    id: newId('post', shardOf(authorId)),
    authorId,
    text,
    tags: [],
    mentions: [],
    replyTo: null,
    rootId: more.replyTo ?? null,
    answeredId: null,
    visibility: 'public',
    likeCount: 0,
    replyCount: 0,
    repostCount: 0,
    createdAt: new Date().toISOString(),
    editedAt: null,
    version: 1,
    ...more,
  }
}

export const textsOf = (page: PageOf<{ readonly text: string }>) => page.items.map(({ text }) => text)

/** Waits until it is so; a fact that does not come within 10 s fails the test. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 10_000
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`After 10 s it is still not so that ${isSo}`)
    await new Promise(resolve => setTimeout(resolve, 10))
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
