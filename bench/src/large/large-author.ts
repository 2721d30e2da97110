import { setTimeout as sleep } from 'node:timers/promises'
import { concurrently } from '@plaza/plaza/concurrently'
import { type Person, postText } from '../dataset.ts'
import { send } from '../http.ts'
import { type Figures, measure, medians, percentile } from '../measure.ts'
import { scenarios } from '../scenarios.ts'
import type { PlazaUnderTest } from '../servers.ts'
import type { LargeWorld } from './large-world.ts'

const mix = scenarios.find(each => each.id === 'S6')!

/** The mix at 32 alone, and while the large author posts four times a second, in turn. */
export async function mixBesidePosts(
  plaza: PlazaUnderTest,
  world: LargeWorld,
  { seconds, repeats }: { readonly seconds: number; readonly repeats: number },
) {
  const data = { people: world.active, posts: world.sample }
  const runs = { before: [] as Figures[], during: [] as Figures[] }
  let posts = 0
  await measure(plaza, 32, 2, () => mix.plaza(data))
  for (let i = 0; i < repeats; i++) {
    runs.before.push(await measure(plaza, 32, seconds, () => mix.plaza(data)))
    const load = whileRunning(measure(plaza, 32, seconds, () => mix.plaza(data)))
    while (load.isRunning()) {
      await postAs(plaza.url, world.active[0]!)
      posts++
      await sleep(250)
    }
    runs.during.push(await load.figures)
  }
  return { before: medians(runs.before), during: medians(runs.during), posts }
}

/** How many of the active people ask after each post, all at once: so few that their asking is not what takes the time. After the last, everybody is asked. */
const watchers = 50

/** From the answer to a post of the large author until people have it at home, beside the mix at 32. Milliseconds. */
export async function timeToEverybody(plaza: PlazaUnderTest, world: LargeWorld, seconds: number) {
  const data = { people: world.active, posts: world.sample }
  const load = whileRunning(measure(plaza, 32, seconds, () => mix.plaza(data)))
  const times: number[] = []
  let last = ''
  while (load.isRunning()) {
    last = await postAs(plaza.url, world.active[0]!)
    const answered = performance.now()
    await Promise.all(someOf(world.active).map(person => untilSeen(plaza.url, person, last)))
    times.push(performance.now() - answered)
  }
  await load.figures
  const missing = await concurrently(world.active, 8, async person => {
    const items = await home(plaza.url, person, 100)
    return items.some(item => item.id === last) ? 0 : 1
  })
  const sorted = Float64Array.from(times).sort()
  return {
    posts: times.length,
    watchers: Math.min(watchers, world.active.length),
    p50: percentile(sorted, 50),
    slowest: sorted.at(-1)!,
    withoutTheLast: missing.reduce((sum: number, each) => sum + each, 0),
  }
}

async function postAs(url: string, { accessToken: token }: Person): Promise<string> {
  const post = await send(url, 'POST', '/api/v1/posts', { token, body: { text: postText(0) } })
  return String(post.id)
}

async function untilSeen(url: string, person: Person, postId: string): Promise<void> {
  while (!(await home(url, person, 20)).some(item => item.id === postId));
}

async function home(url: string, { accessToken: token }: Person, limit: number): Promise<{ id: string }[]> {
  const page = await send(url, 'GET', `/api/v1/timelines/home?limit=${limit}`, { token })
  return page.items as { id: string }[]
}

function someOf(people: readonly Person[]): readonly Person[] {
  const start = Math.floor(Math.random() * people.length)
  return [...people.slice(start), ...people.slice(0, start)].slice(0, watchers)
}

function whileRunning(figures: Promise<Figures>) {
  let isRunning = true
  void figures.finally(() => {
    isRunning = false
  })
  return { figures, isRunning: () => isRunning }
}
