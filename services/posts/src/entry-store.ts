import type { PostId, UserId } from '@plaza/kernel/contract'
import { type Db, sql, toId, toUuid } from '@plaza/kernel/data'
import { below, likelyThenAll, type Span } from './list-store.ts'

/** What these people posted and reposted, newest first; see `Entry` of the contract. */
export async function pageEntries(
  db: Db,
  authors: readonly UserId[],
  { before, after, limit }: Span,
): Promise<PostId[]> {
  const params = { authors: authors.map(toUuid), limit }
  const rows = await likelyThenAll(authors.length, limit, each =>
    after === undefined
      ? olderEntries.all(db, { ...params, each, before: below(before) })
      : newerEntries.all(db, { ...params, each, after: toUuid(after) }),
  )
  return rows.map(toEntry)
}

interface Row {
  readonly id: string
  readonly person: string
  readonly post_id: string | null
}

function toEntry({ id, person, post_id }: Row): PostId {
  const place = toId('post', id)
  return post_id === null ? place : `${place}~${toId('post', post_id)}~${toId('user', person)}`
}

const row = { id: 'uuid', person: 'uuid', post_id: 'uuid?', whole: 'bool' } as const

// The best `each` of every person, of posts and reposts together. Where one may have more, the others' entries beyond their last one prove
// nothing: those are left out.
const olderEntries = sql({
  name: 'posts.older-entries',
  params: { authors: 'uuid[]', before: 'uuid', each: 'int4', limit: 'int4' },
  row,
})`
  with found as materialized (
    select best.*, person
    from unnest(${'authors'}) person
    cross join lateral (
      select id, post_id, row_number() over () as place
      from (
        (
          select id, null::uuid as post_id
          from posts
          where author_id = person and id < ${'before'} and reply_to is null
            and visibility in ('public', 'followers')
          order by author_id desc, id desc
          limit ${'each'}
        )
        union all
        (
          select reposts.id, reposts.post_id
          from reposts
          join posts on posts.id = reposts.post_id and posts.visibility = 'public'
          where reposts.user_id = person and reposts.id < ${'before'}
          order by reposts.user_id desc, reposts.id desc
          limit ${'each'}
        )
        order by id desc
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
  select id, person, post_id, not exists (select from bound) as whole
  from found
  where id >= coalesce((select id from bound), '00000000-0000-0000-0000-000000000000')
  order by id desc
  limit ${'limit'}`

const newerEntries = sql({
  name: 'posts.newer-entries',
  params: { authors: 'uuid[]', after: 'uuid', each: 'int4', limit: 'int4' },
  row,
})`
  with found as materialized (
    select best.*, person
    from unnest(${'authors'}) person
    cross join lateral (
      select id, post_id, row_number() over () as place
      from (
        (
          select id, null::uuid as post_id
          from posts
          where author_id = person and id > ${'after'} and reply_to is null
            and visibility in ('public', 'followers')
          order by author_id, id
          limit ${'each'}
        )
        union all
        (
          select reposts.id, reposts.post_id
          from reposts
          join posts on posts.id = reposts.post_id and posts.visibility = 'public'
          where reposts.user_id = person and reposts.id > ${'after'}
          order by reposts.user_id, reposts.id
          limit ${'each'}
        )
        order by id
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
  select id, person, post_id, not exists (select from bound) as whole
  from found
  where id <= coalesce((select id from bound), 'ffffffff-ffff-ffff-ffff-ffffffffffff')
  order by id
  limit ${'limit'}`
