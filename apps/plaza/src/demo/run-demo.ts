import { availableParallelism } from 'node:os'
import { MultiBar, Presets, type SingleBar } from 'cli-progress'
import { ApiClient, type LoggedIn } from './api-client.ts'
import { concurrently } from './concurrently.ts'
import { demoAnswer, demoPerson, demoPost, reactionsTo } from './demo-content.ts'
import { readSocialGraph } from './social-graph.ts'

export interface DemoOptions {
  /** Plaza's address, as in `http://localhost:8080`. */
  readonly url: string
  /** 2 to 962. */
  readonly people: number
  readonly postsEach: number
}

/**
 * Fills a running Plaza through its public API: people, who follow each other as in the Reed98 graph, their posts, and what their friends make
 * of those: likes, reposts, answers and answers to answers. Run again, it adds nothing twice.
 */
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
    const written = await concurrently(posts, 32, async ([n, k]) => {
      const mention = at(people, (n * 7 + k) % people.length).username
      return {
        author: n,
        k,
        id: await post(api.post(at(loggedIn, n), demoPost(n, k, mention), `demo-${n}-${k}`)),
      }
    })
    const deeds = deedsOf(written, friendsOf(pairs))
    const react = step(bars, 'talk   ', deeds.length)
    await concurrently(deeds, 32, deed => react(doDeed(api, loggedIn, deed)))
  } finally {
    bars.stop()
  }
  const { username, password } = at(people, 0)
  console.log(`\nLog in as anybody, for one: ${JSON.stringify({ login: username, password })}`)
}

interface Written {
  readonly author: number
  readonly k: number
  readonly id: string
}

interface Deed {
  readonly who: number
  readonly what: 'like' | 'repost' | 'answer'
  readonly post: Written
}

function friendsOf(pairs: readonly (readonly [number, number])[]): ReadonlyMap<number, readonly number[]> {
  const friends = new Map<number, number[]>()
  for (const [a, b] of pairs)
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      const known = friends.get(one)
      if (known === undefined) friends.set(one, [other])
      else known.push(other)
    }
  return friends
}

/** What friends make of each other's posts, the older posts first. */
function deedsOf(posts: readonly Written[], friends: ReadonlyMap<number, readonly number[]>): Deed[] {
  return posts.flatMap(post =>
    (friends.get(post.author) ?? []).flatMap(who => {
      const { likes, reposts, answers } = reactionsTo(who, post.author, post.k)
      const deeds: Deed['what'][] = []
      if (likes) deeds.push('like')
      if (reposts) deeds.push('repost')
      if (answers) deeds.push('answer')
      return deeds.map(what => ({ who, what, post }))
    }),
  )
}

/** To every second answer the author answers in turn. */
async function doDeed(api: ApiClient, people: readonly LoggedIn[], { who, what, post }: Deed): Promise<void> {
  const person = at(people, who)
  if (what !== 'answer') return api.react(person, what, post.id)
  const key = `demo-${who}-${post.author}-${post.k}`
  const id = await api.comment(person, post.id, demoAnswer(who, post.k), key)
  if ((who + post.k) % 2 === 0)
    await api.comment(at(people, post.author), id, demoAnswer(post.author, who), `${key}-back`)
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
