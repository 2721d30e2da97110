import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { concurrently } from '@plaza/plaza/concurrently'
import { type Dataset, type Person, postText } from './dataset.ts'
import { send } from './http.ts'
import { measure, percentile, residentMegabytes } from './measure.ts'
import { scenarios } from './scenarios.ts'
import { type PlazaUnderTest, startPlaza } from './servers.ts'

/** From the answer to a new post until it is in every follower's home timeline, beside the mix at 32. Milliseconds. */
export async function timeToTimelines(plaza: PlazaUnderTest, data: Dataset) {
  const results: Record<string, unknown> = {}
  for (const id of ['S2', 'S6']) {
    const scenario = scenarios.find(each => each.id === id)!
    const load = measure(plaza, 32, 10, () => scenario.plaza(data))
    const times: number[] = []
    let loaded = false
    void load.finally(() => {
      loaded = true
    })
    for (let n = 0; !loaded; n = (n + 37) % data.people.length)
      times.push(await seenByAll(plaza.url, data, n))
    await load
    const sorted = Float64Array.from(times).sort()
    results[`post to all timelines beside ${id}, ms`] = {
      posts: times.length,
      p50: Math.round(percentile(sorted, 50)),
      p99: Math.round(percentile(sorted, 99)),
    }
  }
  return results
}

/** Reads beside 8 log-ins at once: p99 must stay low though bcrypt takes a core. */
export async function loginsBesideReads(plaza: PlazaUnderTest, data: Dataset) {
  const home = scenarios.find(each => each.id === 'S1')!
  let reading = true
  const logins = concurrently(
    Array.from({ length: 8 }, (_, n) => n),
    8,
    async n => {
      let count = 0
      for (; reading; count++) {
        const login = data.people[n]!.username
        await send(plaza.url, 'POST', '/api/v1/auth/login', {
          body: { login, password: `a bench ${n} of oak` },
        })
      }
      return count
    },
  )
  const figures = await measure(plaza, 32, 8, () => home.plaza(data)).finally(() => {
    reading = false
  })
  const count = (await logins).reduce((sum, each) => sum + each, 0)
  return {
    'S1 beside 8 log-ins at once': {
      perSecond: Math.round(figures.perSecond),
      p99ms: Number(figures.p99.toFixed(1)),
      loginsPerSecond: Number((count / 8).toFixed(1)),
    },
  }
}

/** First start with an empty folder, second start on the same, and what an idle Plaza holds. */
export async function secondStart() {
  const folder = await mkdtemp(join(tmpdir(), 'plaza-starts-'))
  try {
    const first = await startPlaza(folder)
    await first[Symbol.asyncDispose]()
    await using second = await startPlaza(folder)
    await new Promise(resolve => setTimeout(resolve, 10_000))
    return {
      'first start to ready, ms': Math.round(first.startedIn),
      'second start to ready, ms': Math.round(second.startedIn),
      'idle RSS of Node, MB': Math.round(residentMegabytes(second.nodePids)),
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function seenByAll(url: string, data: Dataset, author: number): Promise<number> {
  const person = data.people[author]!
  const post = await send(url, 'POST', '/api/v1/posts', {
    token: person.accessToken,
    body: { text: postText(author) },
  })
  const answered = performance.now()
  const followers = person.followers.map(n => data.people[n]!)
  await Promise.all(followers.map(follower => untilSeen(url, follower, String(post.id))))
  return performance.now() - answered
}

async function untilSeen(url: string, follower: Person, postId: string): Promise<void> {
  for (;;) {
    const page = await send(url, 'GET', '/api/v1/timelines/home?limit=100', { token: follower.accessToken })
    if ((page.items as { id: string }[]).some(item => item.id === postId)) return
  }
}
