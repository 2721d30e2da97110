import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toUuid } from '@plaza/kernel/data'
import { seededRandom } from '@plaza/kernel/service'
import { concurrently } from '@plaza/plaza/concurrently'
import { readSocialGraph } from '@plaza/plaza/social-graph'
import pg from 'pg'
import { send } from './http.ts'
import { copyTalk, loadTalk, type Talk } from './talk.ts'

export interface Person {
  readonly id: string
  readonly username: string
  accessToken: string
  refreshToken: string
  /** Indexes of the people who follow this one. */
  readonly followers: number[]
}

export interface Dataset {
  readonly people: readonly Person[]
  readonly posts: readonly { readonly id: string; readonly authorId: string; readonly text: string }[]
  readonly follows: readonly (readonly [string, string])[]
  readonly talk: Talk
}

const postsEach = 20
const blocks = 2000

/** What an earlier run left in `folder`, or the data loaded now. */
export async function keptDataset(url: string, folder: string | undefined): Promise<Dataset> {
  const kept = folder && (await readFile(join(folder, keptFile), 'utf8').catch(() => undefined))
  return kept ? (JSON.parse(kept) as Dataset) : loadDataset(url)
}

/** Keeps the data's ids and today's tokens for the next run. */
export async function keepDataset(folder: string, data: Dataset): Promise<void> {
  await writeFile(join(folder, keptFile), JSON.stringify(data))
}

const keptFile = 'bench-dataset.json'

/**
 * Reed98 through the public API: 962 people, every edge both ways, 20 posts each, 2,000 blocks between people who are no friends, and what friends
 * make of the posts.
 */
async function loadDataset(url: string): Promise<Dataset> {
  const began = Date.now()
  const pairs = await readSocialGraph()
  const people = await concurrently(
    Array.from({ length: 962 }, (_, n) => n),
    2,
    n => register(url, n),
  )
  const edges = pairs.flatMap(([a, b]) => [[a, b] as const, [b, a] as const])
  await concurrently(edges, 64, async ([a, b]) => {
    await send(url, 'PUT', `/api/v1/users/${people[b]!.id}/follow`, { token: people[a]!.accessToken })
    people[b]!.followers.push(a)
  })
  const friends = new Set(edges.map(([a, b]) => `${a} ${b}`))
  await concurrently(strangers(friends), 64, ([a, b]) =>
    send(url, 'PUT', `/api/v1/users/${people[b]!.id}/block`, { token: people[a]!.accessToken }),
  )
  const wanted = Array.from({ length: postsEach }, (_, k) =>
    people.map(person => [person, k] as const),
  ).flat()
  const posts = await concurrently(wanted, 64, async ([person, k]) => {
    const text = postText(k)
    const post = await send(url, 'POST', '/api/v1/posts', { token: person.accessToken, body: { text } })
    return { id: String(post.id), authorId: person.id, text }
  })
  const talk = await loadTalk(url, people, posts)
  console.log(
    `${people.length} people, ${edges.length} follows, ${posts.length} posts, ${talk.likes.length} likes, ${talk.reposts.length} reposts, ${talk.answers.length} answers in ${(Date.now() - began) / 1000} s`,
  )
  return { people, posts, talk, follows: edges.map(([a, b]) => [people[a]!.id, people[b]!.id] as const) }
}

export const postText = (k: number) =>
  `Number ${k}: bread, bicycles and a blue linen shirt at the market today. ${'Come and see what is left before noon. '.repeat(2)}#market`

/** Access tokens live 15 minutes, a benchmark longer. */
export async function refreshTokens(url: string, people: readonly Person[]): Promise<void> {
  await concurrently(people, 16, async person => {
    const answer = await send(url, 'POST', '/api/v1/auth/refresh', {
      body: { refreshToken: person.refreshToken },
    })
    person.accessToken = String(answer.accessToken)
    person.refreshToken = String(answer.refreshToken)
  })
}

/** The same people, follows and posts for the reference server. */
export async function copyToReference(databaseUrl: string, data: Dataset): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query(`
    create table users (id uuid primary key, username text not null unique, display_name text not null);
    create table follows (follower_id uuid, followee_id uuid, primary key (follower_id, followee_id));
    create table posts (
      id uuid primary key, author_id uuid not null, text text not null, tags text[] not null, visibility text not null,
      created_at timestamptz not null, edited_at timestamptz, version int not null, reply_to uuid, root_id uuid,
      like_count int not null default 0, reply_count int not null default 0, repost_count int not null default 0
    );
    create table likes (post_id uuid, user_id uuid, at timestamptz not null default now(), primary key (post_id, user_id));
    create index posts_of_author on posts (author_id, id desc) where reply_to is null;
    create index public_posts on posts (id desc) where visibility = 'public' and reply_to is null;
    create index threads on posts (root_id, id) where root_id is not null;
    create index by_likes on posts (like_count desc, id desc) where visibility = 'public' and reply_to is null`)
  await client.query('insert into users select * from unnest($1::uuid[], $2::text[], $2::text[])', [
    data.people.map(person => toUuid(person.id)),
    data.people.map(person => person.username),
  ])
  await client.query('insert into follows select * from unnest($1::uuid[], $2::uuid[])', [
    data.follows.map(([a]) => toUuid(a)),
    data.follows.map(([, b]) => toUuid(b)),
  ])
  await client.query(
    `insert into posts (id, author_id, text, tags, visibility, created_at, version)
     select id, author, text, '{market}', 'public', now(), 1
     from unnest($1::uuid[], $2::uuid[], $3::text[]) as x(id, author, text)`,
    [
      data.posts.map(post => toUuid(post.id)),
      data.posts.map(post => toUuid(post.authorId)),
      data.posts.map(post => post.text),
    ],
  )
  await copyTalk(client, data.talk)
  await client.query('vacuum analyze')
  await client.end()
}

/** A new account: log-in and password are made of the number. */
export async function register(url: string, n: number): Promise<Person> {
  const username = `bench_${n}`
  const answer = await send(url, 'POST', '/api/v1/auth/register', {
    body: { email: `${username}@bench.example`, username, password: `a bench ${n} of oak` },
  })
  const { id } = answer.user as { id: string }
  return {
    id,
    username,
    accessToken: String(answer.accessToken),
    refreshToken: String(answer.refreshToken),
    followers: [],
  }
}

function strangers(friends: ReadonlySet<string>): (readonly [number, number])[] {
  const pairs = new Map<string, readonly [number, number]>()
  const random = seededRandom(962)
  const anybody = () => Math.floor(random() * 962)
  while (pairs.size < blocks) {
    const [a, b] = [anybody(), anybody()]
    const key = `${a} ${b}`
    if (a !== b && !friends.has(key)) pairs.set(key, [a, b])
  }
  return [...pairs.values()]
}
