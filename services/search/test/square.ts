import { deriveContext, makeCall } from '@plaza/kernel/call'
import type { PageOf, UserId } from '@plaza/kernel/contract'
import { kernelOf } from '@plaza/kernel/service'
import type { Post } from '@plaza/posts/contract'
import { asking, type BootServicesOptions, bootServices } from '@plaza/testing'
import type { Profile } from '@plaza/users/contract'
import { search } from '../src/contract.ts'
import { searchService } from '../src/service.ts'
import { fakeAuth, fakePosts, fakeRelations, fakeUsers } from './neighbours.ts'

export type Square = Awaited<ReturnType<typeof openSquare>>

interface Asked {
  readonly as?: UserId
  readonly limit?: number
  readonly cursor?: string
}

interface SquareOptions extends Pick<BootServicesOptions, 'faults' | 'quiet'> {
  /** What is there before search starts. */
  readonly before?: (square: {
    readonly posts: ReturnType<typeof fakePosts>
    readonly users: ReturnType<typeof fakeUsers>
  }) => void
}

/** The search service as it really runs, beside services that say what a test wants them to say. */
export async function openSquare({ before, ...options }: SquareOptions = {}) {
  const relations = fakeRelations()
  const posts = fakePosts(relations)
  const users = fakeUsers(relations)
  const auth = fakeAuth()
  before?.({ posts, users })
  const services = [auth.service, users.service, posts.service, searchService]
  const booted = await bootServices(services, options)
  const owner = await booted.scratch.connect()
  const edge = makeCall(booted.host.dispatcher)(search)
  const asClient = (id?: UserId) => deriveContext(asking(id), { caller: 'edge' })
  const ask = (q: string, type: 'posts' | 'users' | undefined, { as, ...page }: Asked) =>
    edge.search({ q, ...(type && { type }), ...page }, asClient(as))
  const postsPage = (q: string, asked: Asked = {}) => ask(q, undefined, asked) as Promise<PageOf<Post>>
  const peoplePage = (q: string, asked: Asked = {}) => ask(q, 'users', asked) as Promise<PageOf<Profile>>

  return {
    ...relations,
    posts,
    users,
    auth,
    owner,
    booted,
    edge,
    asClient,
    kernel: booted.call(kernelOf(search)),
    asService: () => asking(),
    rebuild: () => booted.call(search).rebuild({}, asking()),
    postsPage,
    peoplePage,
    /** The texts that are found. */
    find: async (q: string, as?: UserId) =>
      (await postsPage(q, { limit: 100, ...(as && { as }) })).items.map(post => post.text),
    /** The usernames that are found. */
    findPeople: async (q: string, as?: UserId) =>
      (await peoplePage(q, { limit: 100, ...(as && { as }) })).items.map(each => each.username),
    person: async (username: string, displayName?: string, bio?: string): Promise<UserId> => {
      const id = users.put(username, displayName, bio)
      await users.tellChanged(id)
      return id
    },
    /** Waits until all that was told so far is in the index. */
    caughtUp: async () => {
      const marks = [posts, users] as const
      const author = users.put('mark')
      const mark = `mark${Math.random().toString(36).slice(2)}`
      const id = await marks[0].add(author, mark)
      await users.edit(author, { bio: mark })
      await until(async () => (await postsPage(mark)).items.length === 1)
      await until(async () => (await peoplePage(mark)).items.length === 1)
      await posts.remove(id)
      users.facts.delete(author)
      await users.tellChanged(author)
      await until(async () => (await postsPage(mark)).items.length === 0)
    },
    rebuilt: async () => {
      await until(async () => {
        const { rows } = await owner.query('select building, complete from search.index_state')
        const jobs = await owner.query(`select from search.jobs where kind = 'rebuild'`)
        return rows[0].building === null && rows[0].complete === true && jobs.rows.length === 0
      })
    },
    close: () => booted[Symbol.asyncDispose](),
  }
}

/** Waits until it is so; a fact that does not come within 20 s fails the test. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`After 20 s it is still not so that ${isSo}`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}
