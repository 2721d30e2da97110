import type { PostId, UserId } from '@plaza/kernel/contract'
import { type Db, lastUuid, sql, toId, toUuid } from '@plaza/kernel/data'

/** Part of a list: below `before`, newest first, or above `after`, the nearest first; from the top with neither. */
export interface Span {
  readonly before?: PostId | undefined
  readonly after?: PostId | undefined
  readonly limit: number
}

/** Posts of any of these people. */
export async function pageByAuthors(
  db: Db,
  authors: readonly UserId[],
  { before, after, limit }: Span,
): Promise<PostId[]> {
  const params = { authors: authors.map(toUuid), limit }
  const rows = await likelyThenAll(authors.length, limit, each =>
    after === undefined
      ? olderByAuthors.all(db, { ...params, each, before: below(before) })
      : newerByAuthors.all(db, { ...params, each, after: toUuid(after) }),
  )
  return rows.map(toPostId)
}

/**
 * A page over several authors, of each only as many as are likely to be needed: a page of a thousand authors would read twenty thousand entries
 * for twenty. Where that was not enough, all that may be needed.
 */
export async function likelyThenAll<R extends { readonly whole: boolean }>(
  authors: number,
  limit: number,
  read: (each: number) => Promise<readonly R[]>,
): Promise<readonly R[]> {
  const likely = Math.max(4, Math.ceil((3 * limit) / authors))
  if (likely >= limit) return read(limit)
  const rows = await read(likely)
  return rows.length === limit || rows.length === 0 || rows[0]!.whole ? rows : read(limit)
}

/** Public posts of all but these people. */
export async function pagePublic(
  db: Db,
  without: readonly UserId[],
  { before, after, limit }: Span,
): Promise<PostId[]> {
  const uuids = without.map(toUuid)
  const rows =
    after === undefined
      ? await olderPublic.all(db, { without: uuids, before: below(before), limit })
      : await newerPublic.all(db, { without: uuids, after: toUuid(after), limit })
  return rows.map(toPostId)
}

/** Public posts with the tag, of all but these people. */
export async function pageByTag(
  db: Db,
  tag: string,
  without: readonly UserId[],
  { before, after, limit }: Span,
): Promise<PostId[]> {
  const uuids = without.map(toUuid)
  const rows =
    after === undefined
      ? await olderByTag.all(db, { tag, without: uuids, before: below(before), limit })
      : await newerByTag.all(db, { tag, without: uuids, after: toUuid(after), limit })
  return rows.map(toPostId)
}

export function below(before: PostId | undefined): string {
  return before === undefined ? lastUuid : toUuid(before)
}

function toPostId(row: { readonly id: string }): PostId {
  return toId('post', row.id)
}

// The best `each` of every author. Where an author may have more, the others' posts beyond their last one prove nothing: those are left out.
const olderByAuthors = sql({
  name: 'posts.older-by-authors',
  params: { authors: 'uuid[]', before: 'uuid', each: 'int4', limit: 'int4' },
  row: { id: 'uuid', whole: 'bool' },
})`
  with found as materialized (
    select best.id, best.place
    from unnest(${'authors'}) author
    cross join lateral (
      select id, row_number() over () as place
      from (
        select id
        from posts
        where author_id = author and id < ${'before'}
          and reply_to is null and visibility in ('public', 'followers')
        order by author_id desc, id desc
        limit ${'each'}
      ) own
    ) best
  ), bound as (
    select id
    from found
    where place = ${'each'}
    order by id desc
    limit 1
  )
  select id, not exists (select from bound) as whole
  from found
  where id >= coalesce((select id from bound), '00000000-0000-0000-0000-000000000000')
  order by id desc
  limit ${'limit'}`

const newerByAuthors = sql({
  name: 'posts.newer-by-authors',
  params: { authors: 'uuid[]', after: 'uuid', each: 'int4', limit: 'int4' },
  row: { id: 'uuid', whole: 'bool' },
})`
  with found as materialized (
    select best.id, best.place
    from unnest(${'authors'}) author
    cross join lateral (
      select id, row_number() over () as place
      from (
        select id
        from posts
        where author_id = author and id > ${'after'}
          and reply_to is null and visibility in ('public', 'followers')
        order by author_id, id
        limit ${'each'}
      ) own
    ) best
  ), bound as (
    select id
    from found
    where place = ${'each'}
    order by id
    limit 1
  )
  select id, not exists (select from bound) as whole
  from found
  where id <= coalesce((select id from bound), 'ffffffff-ffff-ffff-ffff-ffffffffffff')
  order by id
  limit ${'limit'}`

const olderPublic = sql({
  name: 'posts.older-public',
  params: { without: 'uuid[]', before: 'uuid', limit: 'int4' },
  row: { id: 'uuid' },
})`
  select id
  from posts
  where visibility = 'public' and reply_to is null and id < ${'before'} and author_id <> all(${'without'})
  order by id desc
  limit ${'limit'}`

const newerPublic = sql({
  name: 'posts.newer-public',
  params: { without: 'uuid[]', after: 'uuid', limit: 'int4' },
  row: { id: 'uuid' },
})`
  select id
  from posts
  where visibility = 'public' and reply_to is null and id > ${'after'} and author_id <> all(${'without'})
  order by id
  limit ${'limit'}`

const olderByTag = sql({
  name: 'posts.older-by-tag',
  params: { tag: 'text', without: 'uuid[]', before: 'uuid', limit: 'int4' },
  row: { id: 'uuid' },
})`
  select post_id as id
  from post_tags
  where tag = ${'tag'} and post_id < ${'before'} and author_id <> all(${'without'})
  order by tag desc, post_id desc
  limit ${'limit'}`

const newerByTag = sql({
  name: 'posts.newer-by-tag',
  params: { tag: 'text', without: 'uuid[]', after: 'uuid', limit: 'int4' },
  row: { id: 'uuid' },
})`
  select post_id as id
  from post_tags
  where tag = ${'tag'} and post_id > ${'after'} and author_id <> all(${'without'})
  order by tag, post_id
  limit ${'limit'}`
