import { availableParallelism } from 'node:os'
import { MultiBar, Presets, type SingleBar } from 'cli-progress'
import { ApiClient } from './api-client.ts'
import { concurrently } from './concurrently.ts'
import { demoPerson, demoPost } from './demo-content.ts'
import { readSocialGraph } from './social-graph.ts'

export interface DemoOptions {
  /** Plaza's address, as in `http://localhost:8080`. */
  readonly url: string
  /** 2 to 962. */
  readonly people: number
  readonly postsEach: number
}

/** Fills a running Plaza through its public API: people, who follow each other as in the Reed98 graph, and their posts. Run again, it adds nothing twice. */
export async function runDemo(options: DemoOptions): Promise<void> {
  const api = new ApiClient(options.url)
  if (!(await api.isReady())) {
    throw new Error(`No Plaza answers at ${options.url}. Start one with: npm start`)
  }
  const pairs = await readSocialGraph(options.people)
  const people = Array.from({ length: options.people }, (_, n) => demoPerson(n))
  const bars = new MultiBar(
    { format: '{what} {bar} {value}/{total}  {eta_formatted} left', noTTYOutput: true, notTTYSchedule: 5000 },
    Presets.rect,
  )
  try {
    const register = step(bars, 'people ', people.length)
    const loggedIn = await concurrently(people, availableParallelism(), person => register(api.enter(person)))
    const follow = step(bars, 'follows', pairs.length * 2)
    const follows = pairs.flatMap(([a, b]) => [[a, b] as const, [b, a] as const])
    await concurrently(follows, 32, ([a, b]) => follow(api.follow(at(loggedIn, a), at(loggedIn, b).userId)))
    const post = step(bars, 'posts  ', people.length * options.postsEach)
    const posts = Array.from({ length: options.postsEach }, (_, k) =>
      people.map((_, n) => [n, k] as const),
    ).flat()
    await concurrently(posts, 32, ([n, k]) => {
      const mention = at(people, (n * 7 + k) % people.length).username
      return post(api.post(at(loggedIn, n), demoPost(n, k, mention), `demo-${n}-${k}`))
    })
  } finally {
    bars.stop()
  }
  const { username, password } = at(people, 0)
  console.log(`\nLog in as anybody, for one: ${JSON.stringify({ login: username, password })}`)
}

type Step = <T>(work: Promise<T>) => Promise<T>

function step(bars: MultiBar, what: string, total: number): Step {
  const bar: SingleBar = bars.create(total, 0, { what })
  return async work => {
    const result = await work
    bar.increment()
    return result
  }
}

function at<T>(list: readonly T[], index: number): T {
  return list[index]!
}
