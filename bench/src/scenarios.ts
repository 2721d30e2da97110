import { randomUUID } from 'node:crypto'
import { toUuid } from '@plaza/kernel/data'
import { type Person, postText } from './dataset.ts'
import type { BenchRequest } from './measure.ts'

/** Whom and what requests are about. */
export interface LoadData {
  readonly people: readonly Person[]
  readonly posts: readonly { readonly id: string }[]
  readonly talk?: { readonly threads: readonly string[] }
}

export interface Scenario {
  readonly id: string
  readonly title: string
  /** Makes requests for Plaza, and the same ones for the reference server. */
  readonly plaza: (data: LoadData) => BenchRequest
  readonly reference: (data: LoadData) => BenchRequest
}

const home: Pair = {
  plaza: data => get('/api/v1/timelines/home', someone(data)),
  reference: data => bare(`/timelines/home?viewer=${toUuid(someone(data).id)}`),
}
const ofAuthor: Pair = {
  plaza: data => get(`/api/v1/users/${someone(data).id}/posts`, someone(data)),
  reference: data => bare(`/users/${toUuid(someone(data).id)}/posts?viewer=${toUuid(someone(data).id)}`),
}
const create: Pair = {
  plaza: data => ({
    method: 'POST',
    path: '/api/v1/posts',
    headers: {
      ...bearer(someone(data)),
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
    },
    body: JSON.stringify({ text: postText(randomBelow(1000)) }),
  }),
  reference: data => ({
    method: 'POST',
    path: `/posts?viewer=${toUuid(someone(data).id)}`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text: postText(randomBelow(1000)) }),
  }),
}
const one: Pair = {
  plaza: data => get(`/api/v1/posts/${somePost(data)}`, someone(data)),
  reference: data => bare(`/posts/${toUuid(somePost(data))}?viewer=${toUuid(someone(data).id)}`),
}
const latest: Pair = {
  plaza: data => get('/api/v1/timelines/public', someone(data)),
  reference: data => bare(`/timelines/public?viewer=${toUuid(someone(data).id)}`),
}

const like: Pair = {
  plaza: data => put(`/api/v1/posts/${somePost(data)}/like`, someone(data)),
  reference: data => ({
    ...bare(`/posts/${toUuid(somePost(data))}/like?viewer=${toUuid(someone(data).id)}`),
    method: 'PUT',
  }),
}
/** Everybody likes and unlikes the first post in turn, so that each request changes something. */
const likeOne = (server: keyof Pair) => {
  const liked = new Set<string>()
  let turn = 0
  return (data: LoadData): BenchRequest => {
    const person = data.people[turn++ % data.people.length]!
    const method = liked.has(person.id) ? 'DELETE' : 'PUT'
    if (method === 'PUT') liked.add(person.id)
    else liked.delete(person.id)
    const post = data.posts[0]!.id
    if (server === 'plaza') return { ...put(`/api/v1/posts/${post}/like`, person), method }
    return { ...bare(`/posts/${toUuid(post)}/like?viewer=${toUuid(person.id)}`), method }
  }
}
const thread: Pair = {
  plaza: data => get(`/api/v1/posts/${someThread(data)}/thread`, someone(data)),
  reference: data => bare(`/posts/${toUuid(someThread(data))}/thread?viewer=${toUuid(someone(data).id)}`),
}
const trending: Pair = {
  plaza: () => ({ method: 'GET', path: '/api/v1/trending/posts', headers: {} }),
  reference: () => bare('/trending/posts'),
}
const trendingSignedIn: Pair = {
  plaza: data => get('/api/v1/trending/posts', someone(data)),
  reference: data => bare(`/trending/posts?viewer=${toUuid(someone(data).id)}`),
}

// DeathStarBench's social network: 60 % home, 30 % a person's posts, 10 % create.
const mixed = (server: keyof Pair) => (data: LoadData) => {
  const dice = Math.random()
  const pair = dice < 0.6 ? home : dice < 0.9 ? ofAuthor : create
  return pair[server](data)
}

export const scenarios: readonly Scenario[] = [
  { id: 'S1', title: 'home timeline, 20 posts', ...home },
  { id: 'S2', title: 'create a post, with Idempotency-Key', ...create },
  { id: 'S3', title: 'one post by id', ...one },
  { id: 'S4', title: 'public timeline', ...latest },
  { id: 'S5', title: "a person's posts", ...ofAuthor },
  {
    id: 'S6',
    title: 'the mix: 60 % S1, 30 % S5, 10 % S2',
    plaza: mixed('plaza'),
    reference: mixed('reference'),
  },
  { id: 'L1', title: 'like, spread over all posts', ...like },
  { id: 'L2', title: 'like and unlike one post', plaza: likeOne('plaza'), reference: likeOne('reference') },
  { id: 'T1', title: 'a thread of 50', ...thread },
  { id: 'R1', title: 'trending posts, not logged in', ...trending },
  { id: 'R2', title: 'trending posts, logged in', ...trendingSignedIn },
]

type Pair = Pick<Scenario, 'plaza' | 'reference'>

const bare = (path: string): BenchRequest => ({ method: 'GET', path, headers: {} })
const get = (path: string, person: Person): BenchRequest => ({ method: 'GET', path, headers: bearer(person) })
const bearer = (person: Person) => ({ authorization: `Bearer ${person.accessToken}` })
const put = (path: string, person: Person): BenchRequest => ({ method: 'PUT', path, headers: bearer(person) })
const randomBelow = (n: number) => Math.floor(Math.random() * n)
const someone = (data: LoadData) => data.people[randomBelow(data.people.length)]!
const somePost = (data: LoadData) => data.posts[randomBelow(data.posts.length)]!.id
const someThread = ({ talk }: LoadData) => talk!.threads[randomBelow(talk!.threads.length)]!
