import { toId } from '@plaza/kernel/data'
import { seededRandom } from '@plaza/kernel/service'
import pg from 'pg'
import {
  authorOf,
  followeesOf,
  rankPeople,
  textOf,
  uuidAt,
  type WorldPerson,
  type WorldSize,
} from './power-law.ts'
import { UnnestWriter } from './unnest-writer.ts'

const seed = 100_000
const month = 30 * 86_400_000
/** Posts that scenarios ask for, at most. */
const sampleSize = 200_000

export interface LoadedWorld {
  readonly follows: number
  readonly posts: number
  /** Ids of posts, evenly over all. */
  readonly sample: readonly { readonly id: string }[]
}

/**
 * Writes a world straight into the tables of `users` and `posts`, beside the accounts there are: what their services would have written,
 * but for the events, which nobody asks for any more. Nothing may run on the database meanwhile.
 */
export async function loadWorld(
  ownerUrl: string,
  accounts: readonly { readonly id: string; readonly username: string }[],
  size: WorldSize,
): Promise<LoadedWorld> {
  const client = new pg.Client({ connectionString: ownerUrl })
  await client.connect()
  try {
    await client.query(`set synchronous_commit = off; set work_mem = '256MB'`)
    const random = seededRandom(seed)
    const now = Date.now()
    const people = rankPeople(accounts, size, now, random)
    const counts = await timed('follows', () => loadFollows(client, people, now, random))
    await timed('people', () => loadPeople(client, people, counts))
    const { sample, byAuthor } = await timed('posts', () =>
      loadPosts(client, people, size.posts, now, random),
    )
    await timed('post counts', () => loadPostCounts(client, people, byAuthor))
    await timed('vacuum analyze', () => client.query(`vacuum analyze`))
    return { follows: counts.follows, posts: size.posts, sample }
  } finally {
    await client.end()
  }
}

interface FollowCounts {
  readonly follows: number
  readonly following: Int32Array
  readonly followers: Int32Array
}

async function loadFollows(
  client: pg.Client,
  people: readonly WorldPerson[],
  now: number,
  random: () => number,
): Promise<FollowCounts> {
  const following = new Int32Array(people.length)
  const followers = new Int32Array(people.length)
  const rows = new UnnestWriter(client, 'insert into users.follows (follower_id, followee_id, id)', [
    'uuid',
    'uuid',
    'uuid',
  ])
  let follows = 0
  for (const [rank, { uuid, shard }] of people.entries()) {
    for (const other of followeesOf(rank, people.length, random)) {
      // Between two months and one month ago.
      const id = uuidAt(now - month - random() * month, shard, random)
      rows.add(uuid, people[other]!.uuid, id)
      following[rank]!++
      followers[other]!++
      follows++
    }
    await rows.flushWhenFull()
  }
  await rows.flush()
  // In the order of its key, so that the index is filled from one end to the other.
  await client.query(
    `insert into users.followers (followee_id, follower_id, id)
     select followee_id, follower_id, id from users.follows order by followee_id, follower_id`,
  )
  return { follows, following, followers }
}

async function loadPeople(
  client: pg.Client,
  people: readonly WorldPerson[],
  { following, followers }: FollowCounts,
): Promise<void> {
  const rows = new UnnestWriter(
    client,
    'insert into users.people (id, version, following_count, follower_count)',
    ['uuid', 'int8', 'int4', 'int4'],
    `on conflict (id) do update set
       version = people.version + excluded.version,
       following_count = excluded.following_count, follower_count = excluded.follower_count`,
  )
  const profiles = new UnnestWriter(
    client,
    'insert into users.profiles (id, username, display_name, created_at)',
    ['uuid', 'text', 'text', 'timestamptz'],
    'on conflict (id) do nothing',
  )
  for (const [rank, { uuid, username, createdAt }] of people.entries()) {
    const relations = following[rank]! + followers[rank]!
    rows.add(uuid, 1 + relations, following[rank]!, followers[rank]!)
    profiles.add(uuid, username, username, createdAt.toISOString())
    await rows.flushWhenFull()
    await profiles.flushWhenFull()
  }
  await rows.flush()
  await profiles.flush()
}

async function loadPosts(
  client: pg.Client,
  people: readonly WorldPerson[],
  count: number,
  now: number,
  random: () => number,
) {
  const rows = new UnnestWriter(
    client,
    `insert into posts.posts (id, author_id, text, tags, visibility)`,
    ['uuid', 'uuid', 'text', 'text'],
    '',
    `a, b, c, string_to_array(d, ' '), 'public'`,
  )
  const tags = new UnnestWriter(client, 'insert into posts.post_tags (tag, post_id, author_id)', [
    'text',
    'uuid',
    'uuid',
  ])
  const byAuthor = new Int32Array(people.length)
  const every = Math.max(1, Math.ceil(count / sampleSize))
  const sample: { id: string }[] = []
  for (let n = 0; n < count; n++) {
    const rank = authorOf(people.length, random)
    const author = people[rank]!
    // The last is a minute old.
    const id = uuidAt(now - 60_000 - month + (n * month) / count, author.shard, random)
    const { text, tag } = textOf(n)
    rows.add(id, author.uuid, text, tag)
    if (tag !== null) tags.add(tag, id, author.uuid)
    byAuthor[rank]!++
    if (n % every === 0) sample.push({ id: toId('post', id) })
    await rows.flushWhenFull()
  }
  await rows.flush()
  await tags.flush()
  return { sample, byAuthor }
}

/** How many posts everybody has, and how many events of theirs the log of posts has told. */
async function loadPostCounts(
  client: pg.Client,
  people: readonly WorldPerson[],
  byAuthor: Int32Array,
): Promise<void> {
  const counts = new UnnestWriter(
    client,
    'insert into users.post_counts (user_id, post_count)',
    ['uuid', 'int4'],
    'on conflict (user_id) do update set post_count = excluded.post_count',
  )
  const streams = new UnnestWriter(
    client,
    'insert into posts.streams (stream, version)',
    ['text', 'int8'],
    'on conflict (stream) do update set version = streams.version + excluded.version',
  )
  for (const [rank, { uuid }] of people.entries()) {
    const count = byAuthor[rank]!
    if (count === 0) continue
    counts.add(uuid, count)
    streams.add(toId('user', uuid), count)
  }
  await counts.flush()
  await streams.flush()
}

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now()
  const result = await work()
  console.log(`  ${what}: ${((performance.now() - began) / 1000).toFixed(1)} s`)
  return result
}
