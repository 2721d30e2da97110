import { concurrently } from '@plaza/plaza/concurrently'
import { type Dataset, keepDataset, keptDataset, type Person, refreshTokens, register } from '../dataset.ts'
import { send } from '../http.ts'
import { type Figures, measure } from '../measure.ts'
import { describeMachine, writeResults } from '../report.ts'
import { scenarios } from '../scenarios.ts'
import { type PlazaUnderTest, startPlaza } from '../servers.ts'
import { searches, variedText } from './varied-text.ts'

export interface SquareOptions {
  readonly seconds: number
  readonly keep: string | undefined
  /** Posts there are when it is searched. */
  readonly posts: number
  /** What the person who is erased has. */
  readonly ownPosts: number
  readonly ownLikes: number
}

/** Search among many posts, and the mix while somebody with much is erased: milliseconds. */
export async function runSquare(options: SquareOptions): Promise<void> {
  await using plaza = await startPlaza(options.keep)
  const data = await keptDataset(plaza.url, options.keep)
  await refreshTokens(plaza.url, data.people)
  if (options.keep !== undefined) await keepDataset(options.keep, data)
  const ids = await fill(plaza, data, options.posts)
  const results = {
    machine: describeMachine(),
    at: new Date().toISOString(),
    posts: ids.length,
    ...(await searchAmongThem(plaza, data, options.seconds)),
    ...(await eraseBesideTheMix(plaza, data, ids, options)),
  }
  console.log(JSON.stringify(results, null, 2))
  await writeResults('square.json', results)
}

/** Posts of varied words, until there are `wanted` of them. */
async function fill(plaza: PlazaUnderTest, data: Dataset, wanted: number): Promise<string[]> {
  const ids: string[] = data.posts.map(each => each.id)
  const began = Date.now()
  const missing = Array.from({ length: Math.max(0, wanted - ids.length) }, (_, n) => n)
  const made = await concurrently(missing, 64, n =>
    send(plaza.url, 'POST', '/api/v1/posts', {
      token: data.people[n % data.people.length]!.accessToken,
      body: { text: variedText(n) },
    }),
  )
  console.log(`${made.length} posts more in ${(Date.now() - began) / 1000} s`)
  await untilFound(plaza, String(made.length - 1))
  return [...ids, ...made.map(each => String(each.id))]
}

/** Until the read model has the last of them. */
async function untilFound(plaza: PlazaUnderTest, word: string): Promise<void> {
  for (;;) {
    const page = await send(plaza.url, 'GET', `/api/v1/search?q=number${word}`)
    if ((page.items as unknown[]).length > 0) return
    await new Promise(resolve => setTimeout(resolve, 200))
  }
}

async function searchAmongThem(plaza: PlazaUnderTest, data: Dataset, seconds: number) {
  const results: Record<string, unknown> = {}
  for (const [kind, queries] of Object.entries(searches)) {
    let turn = 0
    const next = () => ({
      method: 'GET' as const,
      path: `/api/v1/search?q=${encodeURIComponent(queries[turn++ % queries.length]!)}`,
      headers: { authorization: `Bearer ${data.people[turn % data.people.length]!.accessToken}` },
    })
    await measure(plaza, 8, 2, next)
    results[`search, ${kind}, 8 callers`] = told(await measure(plaza, 8, seconds, next))
  }
  return results
}

async function eraseBesideTheMix(
  plaza: PlazaUnderTest,
  data: Dataset,
  ids: readonly string[],
  { seconds, ownPosts, ownLikes }: SquareOptions,
) {
  const person = await register(plaza.url, 1_000_000 + (Date.now() % 1_000_000))
  await busyLife(plaza, person, ids, ownPosts, ownLikes)
  const mix = scenarios.find(each => each.id === 'S6')!
  const load = () => measure(plaza, 8, seconds, () => mix.plaza(data))
  await load()
  const before = await load()
  const began = Date.now()
  const { jobId } = await send(plaza.url, 'DELETE', '/api/v1/users/me', { token: person.accessToken })
  const during: Figures[] = []
  let isDone = false
  const done = untilDone(plaza, String(jobId), person).finally(() => {
    isDone = true
  })
  while (!isDone) during.push(await load())
  await done
  return {
    'erasure of somebody with much, s': (Date.now() - began) / 1000,
    'of posts': ownPosts,
    'of likes': ownLikes,
    'the mix before, 8 callers': told(before),
    'the mix meanwhile, 8 callers': during.map(told),
  }
}

async function busyLife(
  plaza: PlazaUnderTest,
  person: Person,
  ids: readonly string[],
  posts: number,
  likes: number,
): Promise<void> {
  const token = person.accessToken
  const began = Date.now()
  await concurrently(Array.from({ length: posts }), 64, _ =>
    send(plaza.url, 'POST', '/api/v1/posts', {
      token,
      body: { text: variedText(Math.floor(Math.random() * 1e6)) },
    }),
  )
  await concurrently(ids.slice(0, likes), 64, id =>
    send(plaza.url, 'PUT', `/api/v1/posts/${id}/like`, { token }),
  )
  console.log(
    `A life of ${posts} posts and ${Math.min(likes, ids.length)} likes in ${(Date.now() - began) / 1000} s`,
  )
}

async function untilDone(
  plaza: PlazaUnderTest,
  jobId: string,
  { accessToken: token }: Person,
): Promise<void> {
  for (;;) {
    const job = await send(plaza.url, 'GET', `/api/v1/jobs/${jobId}`, { token })
    if (job.status === 'failed') throw new Error(`The erasure failed: ${JSON.stringify(job)}`)
    if (job.status === 'done') return
    await new Promise(resolve => setTimeout(resolve, 250))
  }
}

function told({ perSecond, p50, p99, errors }: Figures) {
  return {
    perSecond: Math.round(perSecond),
    p50: Number(p50.toFixed(1)),
    p99: Number(p99.toFixed(1)),
    errors,
  }
}
