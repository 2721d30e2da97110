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
import { type Content, findVersions } from './post-store.ts'

/** A post about to be written, with the row of its Idempotency-Key if it has one. */
export interface NewPost extends Content {
  readonly id: PostId
  readonly authorId: UserId
  readonly visibility: 'public' | 'followers'
  readonly replyTo: PostId | null
  readonly rootId: PostId | null
  readonly answeredId: UserId | null
  readonly key: KeyRow | undefined
}

/**
 * `written`; or nothing was: what was answered before to the same Idempotency-Key, or `unanswerable`, for what it answers was deleted or hidden
 * meanwhile.
 */
export type Inserted = 'written' | 'unanswerable' | StoredAnswer

/** Writes posts, tags, keys and events; the posts of a moment, of all requests, in one statement and one commit. */
export function postInserter(db: Db, metrics: Metrics): (post: NewPost) => Promise<Inserted> {
  return grouped<NewPost, Inserted>({
    name: 'posts.create',
    // Posts with one key never travel together: the later finds the answer of the first.
    key: post => post.key?.id ?? post.id,
    merge: () => undefined,
    write: rows => insert(db, rows),
    readBack: async rows => {
      const there = await findVersions(db, idsOf(rows))
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
  const [answers, there] = await Promise.all([
    storedAnswers(db, keys),
    findVersions(db, idsOf(posts.filter(post => post.replyTo !== null))),
  ])
  return posts.map(post => {
    if (written.has(post.id)) return 'written'
    const answer = post.key && answers.get(post.key.id)
    return answer ?? (post.replyTo === null || there.has(post.id) ? undefined : 'unanswerable')
  })
}

const idsOf = (posts: readonly NewPost[]) => posts.map(post => post.id)
const uuidOrNull = (id: string | null) => (id === null ? null : toUuid(id))

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
    replyTos: posts.map(post => uuidOrNull(post.replyTo)),
    roots: posts.map(post => uuidOrNull(post.rootId)),
    answered: posts.map(post => uuidOrNull(post.answeredId)),
    eventIds: posts.map(post => newUuid(shardOf(post.authorId))),
    streams: posts.map(post => post.authorId),
    events: posts.map(({ id, authorId, visibility, replyTo, answeredId }) => {
      const comment = replyTo !== null && { replyTo, answeredId }
      return JSON.stringify({ postId: id, authorId, visibility, ...comment })
    }),
    keys: posts.map(post => post.key?.id ?? null),
    hashes: posts.map(post => post.key?.requestHash ?? null),
    answers: posts.map(post => post.key?.answer ?? null),
  }
}

function words(list: readonly string[]): string | null {
  return list.length === 0 ? null : list.join(' ')
}

// What is answered is locked (for sharing: a deletion waits, another answer does not) before keys are taken, and those before streams are
// locked, in every group and each in its order: groups cannot deadlock, with each other or with deletions, which lock posts before streams.
// So nobody answers what is deleted, and nobody deletes without a place what is being answered.
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
    replyTos: 'uuid[]',
    roots: 'uuid[]',
    answered: 'uuid[]',
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
      ${'replyTos'}, ${'roots'}, ${'answered'}, ${'eventIds'}, ${'streams'}, ${'events'}, ${'keys'}, ${'hashes'}, ${'answers'}
    ) as t (
      id, author_id, text, tags, mention_ids, mention_names, visibility,
      reply_to, root_id, answered_id, event_id, stream, event, key_id, key_hash, answer
    )
  ), answerable as materialized (
    select id
    from posts
    where id = any(array(select reply_to from input where reply_to is not null))
      and visibility in ('public', 'followers')
    order by id
    for key share
  ), allowed as (
    select *
    from input
    where reply_to is null or reply_to in (select id from answerable)
  ), keys as (
    insert into idempotency_keys (id, request_hash, answer)
    select key_id, key_hash, answer
    from allowed
    where key_id is not null
    order by key_id
    on conflict (id) do nothing
    returning id
  ), written as (
    insert into posts (
      id, author_id, text, tags, mention_ids, mention_names, visibility, reply_to, root_id, answered_id
    )
    select
      id, author_id, text, string_to_array(tags, ' '),
      string_to_array(mention_ids, ' ')::uuid[], string_to_array(mention_names, ' '), visibility,
      reply_to, root_id, answered_id
    from allowed
    where key_id is null or key_id in (select id from keys)
    on conflict (id) do nothing
    returning id
  ), tagged as (
    insert into post_tags (tag, post_id, author_id)
    select tag, id, author_id
    from input
    join written using (id)
    cross join lateral unnest(string_to_array(tags, ' ')) tag
    where visibility = 'public' and tags is not null and reply_to is null
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
