import type { PostId, UserId } from '@plaza/kernel/contract'
import {
  type Db,
  grouped,
  type KeyRow,
  newUuid,
  type StoredAnswer,
  shardOf,
  sql,
  storedAnswers,
  toId,
  toUuid,
} from '@plaza/kernel/data'
import type { Metrics } from '@plaza/kernel/telemetry'
import type { PostFacts } from './contract.ts'
import { type Content, findVersions } from './post-store.ts'

/** A post about to be written, with the row of its Idempotency-Key if it has one. */
export interface NewPost extends Content {
  readonly id: PostId
  readonly authorId: UserId
  readonly visibility: PostFacts['visibility']
  readonly key: KeyRow | undefined
}

/** `written`, or what was answered before to the same Idempotency-Key: then nothing was written. */
export type Inserted = 'written' | StoredAnswer

/** Writes posts, tags, keys and events; the posts of a moment, of all requests, in one statement and one commit. */
export function postInserter(db: Db, metrics: Metrics): (post: NewPost) => Promise<Inserted> {
  return grouped<NewPost, Inserted>({
    name: 'posts.create',
    // Posts with one key never travel together: the later finds the answer of the first.
    key: post => post.key?.id ?? post.id,
    merge: () => undefined,
    write: rows => insert(db, rows),
    readBack: async rows => {
      const there = await findVersions(
        db,
        rows.map(row => row.id),
      )
      const found = rows.filter(row => there.has(row.id))
      return new Map(found.map(row => [row.key?.id ?? row.id, 'written']))
    },
    metrics,
  })
}

async function insert(db: Db, posts: readonly NewPost[]): Promise<(Inserted | undefined)[]> {
  const rows = await insertAll.all(db, toArrays(posts))
  if (rows.length > 0) db.committed()
  if (rows.length === posts.length) return posts.map(() => 'written')
  const written = new Set(rows.map(row => toId('post', row.id)))
  const keys = posts.flatMap(post => (post.key !== undefined && !written.has(post.id) ? [post.key.id] : []))
  const answers = await storedAnswers(db, keys)
  return posts.map(post => {
    if (written.has(post.id)) return 'written'
    return post.key && answers.get(post.key.id)
  })
}

function toArrays(posts: readonly NewPost[]) {
  return {
    ids: posts.map(post => toUuid(post.id)),
    authors: posts.map(post => toUuid(post.authorId)),
    texts: posts.map(post => post.text),
    // Lists of lists are flattened by unnest, so they go as words: neither tags nor ids nor usernames hold a space.
    tags: posts.map(post => words(post.tags)),
    mentionIds: posts.map(post => words(post.mentions.map(mention => toUuid(mention.id)))),
    mentionNames: posts.map(post => words(post.mentions.map(mention => mention.username))),
    visibilities: posts.map(post => post.visibility),
    eventIds: posts.map(post => newUuid(shardOf(post.authorId))),
    streams: posts.map(post => post.authorId),
    events: posts.map(({ id, authorId, visibility }) => JSON.stringify({ postId: id, authorId, visibility })),
    keys: posts.map(post => post.key?.id ?? null),
    hashes: posts.map(post => post.key?.requestHash ?? null),
    answers: posts.map(post => post.key?.answer ?? null),
  }
}

function words(list: readonly string[]): string | null {
  return list.length === 0 ? null : list.join(' ')
}

// Keys are taken before streams are locked, in every group: two groups that share a key and an author cannot deadlock.
const insertAll = sql({
  name: 'posts.insert-all',
  params: {
    ids: 'uuid[]',
    authors: 'uuid[]',
    texts: 'text[]',
    tags: 'text[]',
    mentionIds: 'text[]',
    mentionNames: 'text[]',
    visibilities: 'text[]',
    eventIds: 'uuid[]',
    streams: 'text[]',
    events: 'jsonb[]',
    keys: 'uuid[]',
    hashes: 'bytea[]',
    answers: 'bytea[]',
  },
  row: { id: 'uuid' },
})`
  with input as (
    select *
    from unnest(
      ${'ids'}, ${'authors'}, ${'texts'}, ${'tags'}, ${'mentionIds'}, ${'mentionNames'}, ${'visibilities'},
      ${'eventIds'}, ${'streams'}, ${'events'}, ${'keys'}, ${'hashes'}, ${'answers'}
    ) as t (
      id, author_id, text, tags, mention_ids, mention_names, visibility,
      event_id, stream, event, key_id, key_hash, answer
    )
  ), keys as (
    insert into idempotency_keys (id, request_hash, answer)
    select key_id, key_hash, answer
    from input
    where key_id is not null
    order by key_id
    on conflict (id) do nothing
    returning id
  ), written as (
    insert into posts (id, author_id, text, tags, mention_ids, mention_names, visibility)
    select
      id, author_id, text, string_to_array(tags, ' '),
      string_to_array(mention_ids, ' ')::uuid[], string_to_array(mention_names, ' '), visibility
    from input
    where key_id is null or key_id in (select id from keys)
    on conflict (id) do nothing
    returning id
  ), tagged as (
    insert into post_tags (tag, post_id, author_id)
    select tag, id, author_id
    from input
    join written using (id)
    cross join lateral unnest(string_to_array(tags, ' ')) tag
    where visibility = 'public' and tags is not null
  ), news as (
    select
      array_agg(event_id order by id) as ids, array_agg(stream order by id) as streams,
      array_agg('posted'::text) as types, array_agg(event order by id) as events
    from input
    join written using (id)
  ), told as (
    select appended.id
    from news
    cross join lateral append_events(news.ids, news.streams, news.types, news.events) appended
  )
  select input.id
  from told
  join input on input.event_id = told.id`
