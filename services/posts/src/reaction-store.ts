import type { PostId, UserId } from '@plaza/kernel/contract'
import { type Db, newUuid, shardOf, sql, type Tx, toId, toUuid } from '@plaza/kernel/data'

/** A person, the post they react to, and its author as told to others. */
export interface Reacting {
  readonly userId: UserId
  readonly postId: PostId
  readonly authorId: UserId
}

/**
 * Likes or reposts, with their events, in one statement. `gone`: the post was deleted meanwhile (for a repost also: is for all no more). What is
 * there already is `done`, and told to nobody.
 */
export async function addReactions(
  db: Db,
  kind: 'like' | 'repost',
  all: readonly Reacting[],
): Promise<('done' | 'gone')[]> {
  const ids = all.map(({ userId }) => newUuid(shardOf(userId)))
  const input = { ...inputOf(all, kind === 'repost' ? ids : undefined), ids }
  const rows = await (kind === 'like' ? insertLikes : insertReposts).all(db, input)
  if (rows.some(row => row.told)) db.committed()
  const there = new Set(rows.map(row => row.post_id))
  return input.posts.map(id => (there.has(id) ? 'done' : 'gone'))
}

/** Takes likes back, with their events; what is not there is told to nobody. */
export async function removeLikes(db: Db, all: readonly Reacting[]): Promise<void> {
  if ((await deleteLikes.all(db, inputOf(all))).length > 0) db.committed()
}

/** Takes reposts back. Their ids, which the events tell, are read before: one that is another by then was made after this. */
export async function removeReposts(db: Db, all: readonly Reacting[]): Promise<void> {
  const { people, posts } = inputOf(all)
  const found = await findReposts.all(db, { people, posts })
  if (found.length === 0) return
  const there = found.map(row => all[row.place - 1]!)
  const ids = found.map(row => row.id)
  if ((await deleteReposts.all(db, { ...inputOf(there, ids), ids })).length > 0) db.committed()
}

function inputOf(all: readonly Reacting[], repostIds?: readonly string[]) {
  return {
    people: all.map(({ userId }) => toUuid(userId)),
    posts: all.map(({ postId }) => toUuid(postId)),
    eventIds: all.map(({ userId }) => newUuid(shardOf(userId))),
    streams: all.map(({ userId }) => userId),
    events: all.map(({ postId, authorId, userId }, i) => {
      const repostId = repostIds && { repostId: toId('post', repostIds[i]!) }
      return JSON.stringify({ postId, authorId, userId, ...repostId })
    }),
  }
}

/** What of a person is about these posts: pairs of person and post. */
export interface Pairs {
  readonly people: readonly UserId[]
  readonly posts: readonly PostId[]
}

/** For each pair whether the person likes it and reposted it; a pair of neither is left out. `place` counts from 0. */
export async function findReactionsTo(
  db: Db,
  { people, posts }: Pairs,
): Promise<{ readonly place: number; readonly liked: boolean; readonly reposted: boolean }[]> {
  const rows = await reactionsTo.all(db, { people: people.map(toUuid), posts: posts.map(toUuid) })
  return rows.map(({ place, liked, reposted }) => ({ place: place - 1, liked, reposted }))
}

/** A person's newest likes or reposts, by post, and the version of their log, of one snapshot. */
export async function findReactions(
  db: Db,
  person: UserId,
  limit: number,
): Promise<{ readonly version: number; readonly liked: PostId[]; readonly reposted: PostId[] }> {
  const row = await reactionsOf.one(db, { stream: person, person: toUuid(person), limit })
  const toPosts = (ids: readonly (string | null)[]) => ids.map(id => toId('post', id!))
  return { version: row.version, liked: toPosts(row.liked), reposted: toPosts(row.reposted) }
}

/** Removes all likes, reposts and counts of a post that its caller holds locked. Nothing is told: whoever hears that the post is gone knows. */
export async function removeReactions(tx: Tx, postId: PostId): Promise<void> {
  await removeOfPosts.run(tx, { posts: [toUuid(postId)] })
}

const columns = {
  people: 'uuid[]',
  posts: 'uuid[]',
  eventIds: 'uuid[]',
  streams: 'text[]',
  events: 'jsonb[]',
} as const

// In all four: posts are locked before reactions, those before streams, each in the order of their keys, as everything here does: groups
// cannot deadlock. Posts are locked once a group and for sharing: a thousand people who like one post do not wait for each other, only a
// deletion waits for them, or they for it. No foreign key: it would lock the post once for each row.

const insertLikes = sql({
  name: 'posts.insert-likes',
  params: { ...columns, ids: 'uuid[]' },
  row: { post_id: 'uuid', told: 'bool' },
})`
  with input as (
    select *
    from unnest(${'people'}, ${'posts'}, ${'ids'}, ${'eventIds'}, ${'streams'}, ${'events'})
      as t (user_id, post_id, id, event_id, stream, event)
  ), there as materialized (
    select id
    from posts
    where id = any(${'posts'}) and visibility in ('public', 'followers')
    order by id
    for key share
  ), written as (
    insert into likes (user_id, post_id, id)
    select input.user_id, input.post_id, input.id
    from input
    join there on there.id = input.post_id
    order by input.user_id, input.post_id
    on conflict (user_id, post_id) do nothing
    returning user_id, post_id
  ), news as (
    select array_agg(event_id) as ids, array_agg(stream) as streams, array_agg('liked'::text) as types,
      array_agg(event) as events, count(*) as count
    from input
    join written using (user_id, post_id)
  ), told as (
    select count(*) as count
    from news
    cross join lateral append_events(news.ids, news.streams, news.types, news.events)
    where news.count > 0
  )
  select there.id as post_id, told.count > 0 as told
  from there
  cross join told`

const insertReposts = sql({
  name: 'posts.insert-reposts',
  params: { ...columns, ids: 'uuid[]' },
  row: { post_id: 'uuid', told: 'bool' },
})`
  with input as (
    select *
    from unnest(${'people'}, ${'posts'}, ${'ids'}, ${'eventIds'}, ${'streams'}, ${'events'})
      as t (user_id, post_id, id, event_id, stream, event)
  ), there as materialized (
    select id
    from posts
    where id = any(${'posts'}) and visibility = 'public'
    order by id
    for key share
  ), written as (
    insert into reposts (user_id, post_id, id)
    select input.user_id, input.post_id, input.id
    from input
    join there on there.id = input.post_id
    order by input.user_id, input.post_id
    on conflict (user_id, post_id) do nothing
    returning user_id, post_id
  ), news as (
    select array_agg(event_id) as ids, array_agg(stream) as streams, array_agg('reposted'::text) as types,
      array_agg(event) as events, count(*) as count
    from input
    join written using (user_id, post_id)
  ), told as (
    select count(*) as count
    from news
    cross join lateral append_events(news.ids, news.streams, news.types, news.events)
    where news.count > 0
  )
  select there.id as post_id, told.count > 0 as told
  from there
  cross join told`

const deleteLikes = sql({ name: 'posts.delete-likes', params: columns, row: { id: 'uuid' } })`
  with input as (
    select *
    from unnest(${'people'}, ${'posts'}, ${'eventIds'}, ${'streams'}, ${'events'})
      as t (user_id, post_id, event_id, stream, event)
  ), found as materialized (
    select likes.user_id, likes.post_id
    from input
    join likes using (user_id, post_id)
    order by likes.user_id, likes.post_id
    for update of likes
  ), removed as (
    delete from likes
    using found
    where likes.user_id = found.user_id and likes.post_id = found.post_id
    returning likes.user_id, likes.post_id
  ), news as (
    select array_agg(event_id) as ids, array_agg(stream) as streams, array_agg('unliked'::text) as types,
      array_agg(event) as events, count(*) as count
    from input
    join removed using (user_id, post_id)
  )
  select told.id
  from news
  cross join lateral append_events(news.ids, news.streams, news.types, news.events) told
  where news.count > 0`

const findReposts = sql({
  name: 'posts.find-reposts',
  params: { people: 'uuid[]', posts: 'uuid[]' },
  row: { place: 'int8', id: 'uuid' },
})`
  select pair.place, reposts.id
  from unnest(${'people'}, ${'posts'}) with ordinality as pair (user_id, post_id, place)
  join reposts using (user_id, post_id)
  order by pair.place`

const deleteReposts = sql({
  name: 'posts.delete-reposts',
  params: { ...columns, ids: 'uuid[]' },
  row: { id: 'uuid' },
})`
  with input as (
    select *
    from unnest(${'people'}, ${'posts'}, ${'ids'}, ${'eventIds'}, ${'streams'}, ${'events'})
      as t (user_id, post_id, id, event_id, stream, event)
  ), found as materialized (
    select reposts.user_id, reposts.post_id
    from input
    join reposts using (user_id, post_id, id)
    order by reposts.user_id, reposts.post_id
    for update of reposts
  ), removed as (
    delete from reposts
    using found
    where reposts.user_id = found.user_id and reposts.post_id = found.post_id
    returning reposts.user_id, reposts.post_id
  ), news as (
    select array_agg(event_id) as ids, array_agg(stream) as streams, array_agg('unreposted'::text) as types,
      array_agg(event) as events, count(*) as count
    from input
    join removed using (user_id, post_id)
  )
  select told.id
  from news
  cross join lateral append_events(news.ids, news.streams, news.types, news.events) told
  where news.count > 0`

const reactionsTo = sql({
  name: 'posts.reactions-to',
  params: { people: 'uuid[]', posts: 'uuid[]' },
  row: { place: 'int8', liked: 'bool', reposted: 'bool' },
})`
  select place, liked, reposted
  from unnest(${'people'}, ${'posts'}) with ordinality as pair (person, post, place)
  cross join lateral (
    select
      exists (select from likes where user_id = person and post_id = post) as liked,
      exists (select from reposts where user_id = person and post_id = post) as reposted
  ) found
  where liked or reposted`

// One statement is one snapshot: the version is the one that the lists were written with.
const reactionsOf = sql({
  name: 'posts.reactions-of',
  params: { stream: 'text', person: 'uuid', limit: 'int4' },
  row: { version: 'int8', liked: 'uuid[]', reposted: 'uuid[]' },
})`
  select
    coalesce((select version from streams where stream = ${'stream'}), 0) as version,
    array(
      select post_id
      from likes
      where user_id = ${'person'}
      order by user_id desc, post_id desc
      limit ${'limit'}
    ) as liked,
    array(
      select post_id
      from reposts
      where user_id = ${'person'}
      order by user_id desc, post_id desc
      limit ${'limit'}
    ) as reposted`

// Rows in the order in which groups of likes lock theirs.
const removeOfPosts = sql({ name: 'posts.remove-reactions', params: { posts: 'uuid[]' } })`
  with own_likes as materialized (
    select user_id, post_id
    from likes
    where post_id = any(${'posts'})
    order by user_id, post_id
    for update
  ), own_reposts as materialized (
    select user_id, post_id
    from reposts
    where post_id = any(${'posts'})
    order by user_id, post_id
    for update
  ), unliked as (
    delete from likes
    using own_likes own
    where likes.user_id = own.user_id and likes.post_id = own.post_id
  ), unreposted as (
    delete from reposts
    using own_reposts own
    where reposts.user_id = own.user_id and reposts.post_id = own.post_id
  ), uncounted as (
    delete from post_counts
    where post_id = any(${'posts'})
  )
  select`
