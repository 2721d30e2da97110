import type { PostId, UserId } from '@plaza/kernel/contract'
import { type Db, sql, type Tx, toId, toUuid } from '@plaza/kernel/data'

/** Nobody: who a deleted post is by, and whom an answer answers whose author was erased. */
const nobody = '00000000-0000-0000-0000-000000000000'
export const lowestUuid = nobody

/** A person's posts and comments of every visibility above `after`, the oldest first. */
export async function ownPosts(db: Db, person: UserId, after: string, limit: number): Promise<PostId[]> {
  const rows = await ownAbove.all(db, { person: toUuid(person), after, limit })
  return rows.map(row => toId('post', row.id))
}

/** Earlier texts of a person's posts, above a post and version. */
export const ownEdits = sql({
  name: 'posts.own-edits',
  params: { person: 'uuid', post: 'uuid', version: 'int4', limit: 'int4' },
  row: { post_id: 'uuid', version: 'int4', text: 'text', written_at: 'timestamptz' },
})`
  select post_id, post_edits.version, post_edits.text, written_at
  from (
    select id
    from posts
    where author_id = ${'person'} and id >= ${'post'} and posts.version > 1
      and reply_to is null and visibility in ('public', 'followers')
    union all
    select id
    from posts
    where author_id = ${'person'} and id >= ${'post'} and posts.version > 1
      and reply_to is not null and visibility in ('public', 'followers')
    union all
    select id
    from posts
    where author_id = ${'person'} and id >= ${'post'} and posts.version > 1 and visibility = 'hidden'
  ) own
  join post_edits on post_id = own.id
  where (post_id, post_edits.version) > (${'post'}, ${'version'})
  order by post_id, post_edits.version
  limit ${'limit'}`

const reaction = { post_id: 'uuid', id: 'uuid' } as const
const span = { person: 'uuid', after: 'uuid', limit: 'int4' } as const

export const ownLikes = sql({ name: 'posts.own-likes', params: span, row: reaction })`
  select post_id, id
  from likes
  where user_id = ${'person'} and post_id > ${'after'}
  order by user_id, post_id
  limit ${'limit'}`

export const ownReposts = sql({ name: 'posts.own-reposts', params: span, row: reaction })`
  select post_id, id
  from reposts
  where user_id = ${'person'} and post_id > ${'after'}
  order by user_id, post_id
  limit ${'limit'}`

/** A post about to be erased. */
export interface OwnPost {
  readonly id: PostId
  readonly replyTo: PostId | undefined
  readonly isHidden: boolean
}

/** The newest of a person's posts, of every visibility, locked. */
export async function lockOwnPosts(tx: Tx, person: UserId, limit: number): Promise<OwnPost[]> {
  const newest = await ownNewest.all(tx, { person: toUuid(person), limit })
  // In the order in which everybody locks posts; what another erased meanwhile is not there any more.
  const rows = await lockPosts.all(tx, { ids: newest.map(row => row.id), person: toUuid(person) })
  return rows.map(({ id, reply_to, visibility }) => ({
    id: toId('post', id),
    replyTo: reply_to === null ? undefined : toId('post', reply_to),
    isHidden: visibility === 'hidden',
  }))
}

/** Removes at most about `limit` likes and reposts of these locked posts; says how many it removed. */
export async function removeSomeReactions(tx: Tx, posts: readonly PostId[], limit: number): Promise<number> {
  const ids = posts.map(toUuid)
  return (await removeSomeLikes.run(tx, { ids, limit })) + (await removeSomeReposts.run(tx, { ids, limit }))
}

/** Deletes these locked posts; of those that have answers only the place is left, and nobody's. */
export async function erasePosts(tx: Tx, posts: readonly PostId[]): Promise<void> {
  const ids = posts.map(toUuid)
  await removeCounts.run(tx, { ids })
  await deleteUnanswered.run(tx, { ids })
  await buryAnswered.run(tx, { ids })
}

const ownAbove = sql({ name: 'posts.own-posts', params: span, row: { id: 'uuid' } })`
  select id
  from (
    (
      select id
      from posts
      where author_id = ${'person'} and id > ${'after'} and reply_to is null
        and visibility in ('public', 'followers')
      order by author_id, id
      limit ${'limit'}
    )
    union all
    (
      select id
      from posts
      where author_id = ${'person'} and id > ${'after'} and reply_to is not null
        and visibility in ('public', 'followers')
      order by author_id, id
      limit ${'limit'}
    )
    union all
    (
      select id
      from posts
      where author_id = ${'person'} and id > ${'after'} and visibility = 'hidden'
      order by author_id, id
      limit ${'limit'}
    )
  ) own
  order by id
  limit ${'limit'}`

// The newest first: most answers to oneself go before what they answer.
const ownNewest = sql({
  name: 'posts.own-newest',
  params: { person: 'uuid', limit: 'int4' },
  row: { id: 'uuid' },
})`
  select id
  from (
    (
      select id
      from posts
      where author_id = ${'person'} and reply_to is null and visibility in ('public', 'followers')
      order by author_id desc, id desc
      limit ${'limit'}
    )
    union all
    (
      select id
      from posts
      where author_id = ${'person'} and reply_to is not null and visibility in ('public', 'followers')
      order by author_id desc, id desc
      limit ${'limit'}
    )
    union all
    (
      select id
      from posts
      where author_id = ${'person'} and visibility = 'hidden'
      order by author_id desc, id desc
      limit ${'limit'}
    )
  ) own
  order by id desc
  limit ${'limit'}`

const lockPosts = sql({
  name: 'posts.lock-own',
  params: { ids: 'uuid[]', person: 'uuid' },
  row: { id: 'uuid', reply_to: 'uuid?', visibility: 'text' },
})`
  select id, reply_to, visibility
  from posts
  where id = any(${'ids'}) and author_id = ${'person'}
  order by id
  for update`

const removeSomeLikes = sql({ name: 'posts.remove-some-likes', params: { ids: 'uuid[]', limit: 'int4' } })`
  with chosen as materialized (
    select user_id, post_id
    from (
      select user_id, post_id
      from likes
      where post_id = any(${'ids'})
      limit ${'limit'}
    ) found
    order by user_id, post_id
  )
  delete from likes
  using chosen
  where likes.user_id = chosen.user_id and likes.post_id = chosen.post_id`

const removeSomeReposts = sql({
  name: 'posts.remove-some-reposts',
  params: { ids: 'uuid[]', limit: 'int4' },
})`
  with chosen as materialized (
    select user_id, post_id
    from (
      select user_id, post_id
      from reposts
      where post_id = any(${'ids'})
      limit ${'limit'}
    ) found
    order by user_id, post_id
  )
  delete from reposts
  using chosen
  where reposts.user_id = chosen.user_id and reposts.post_id = chosen.post_id`

const removeCounts = sql({ name: 'posts.remove-counts', params: { ids: 'uuid[]' } })`
  delete from post_counts
  where post_id = any(${'ids'})`

const deleteUnanswered = sql({ name: 'posts.delete-unanswered', params: { ids: 'uuid[]' } })`
  delete from posts
  where id = any(${'ids'}) and not exists (
    select from posts answer
    where answer.reply_to = posts.id
  )`

const buryAnswered = sql({ name: 'posts.bury-answered', params: { ids: 'uuid[]' } })`
  with edits as (
    delete from post_edits
    where post_id = any(${'ids'})
  ), tags as (
    delete from post_tags
    where post_id = any(${'ids'})
  )
  update posts
  set visibility = 'gone', author_id = '00000000-0000-0000-0000-000000000000', text = '', tags = null,
    mention_ids = null, mention_names = null, edited_at = null, version = version + 1
  where id = any(${'ids'})`

const some = { person: 'uuid', limit: 'int4' } as const

/** Takes some of a person's likes back. */
export const takeLikes = sql({
  name: 'posts.take-likes',
  params: some,
  row: { post_id: 'uuid', author_id: 'uuid' },
})`
  with own as materialized (
    select user_id, post_id
    from likes
    where user_id = ${'person'}
    order by user_id, post_id
    limit ${'limit'}
    for update
  ), taken as (
    delete from likes
    using own
    where likes.user_id = own.user_id and likes.post_id = own.post_id
    returning likes.post_id
  )
  select post_id, author_id
  from taken
  join posts on posts.id = post_id
  order by post_id`

/** Takes some of a person's reposts back. */
export const takeReposts = sql({
  name: 'posts.take-reposts',
  params: some,
  row: { id: 'uuid', post_id: 'uuid', author_id: 'uuid' },
})`
  with own as materialized (
    select user_id, post_id
    from reposts
    where user_id = ${'person'}
    order by user_id, post_id
    limit ${'limit'}
    for update
  ), taken as (
    delete from reposts
    using own
    where reposts.user_id = own.user_id and reposts.post_id = own.post_id
    returning reposts.id, reposts.post_id
  )
  select taken.id, post_id, author_id
  from taken
  join posts on posts.id = post_id
  order by post_id`

/** Takes a person out of the mentions of some of others' posts. Their texts are theirs. */
export const forgetMentions = sql({
  name: 'posts.forget-mentions',
  params: some,
  row: { id: 'uuid', author_id: 'uuid' },
})`
  with mentioning as materialized (
    select id
    from posts
    where mention_ids @> array[${'person'}]
    order by id
    limit ${'limit'}
    for update
  ), others as (
    select mentioning.id, array_agg(mention order by place) as ids, array_agg(name order by place) as names
    from mentioning
    join posts using (id)
    cross join lateral unnest(mention_ids, mention_names) with ordinality as each (mention, name, place)
    where mention <> ${'person'}
    group by mentioning.id
  )
  update posts
  set mention_ids = others.ids, mention_names = others.names, version = version + 1
  from mentioning
  left join others using (id)
  where posts.id = mentioning.id
  returning posts.id, posts.author_id`

/** Makes some of those answers nobody's that answer a person. */
export const forgetAnswered = sql({ name: 'posts.forget-answered', params: some })`
  with answers as materialized (
    select id
    from posts
    where answered_id = ${'person'}
    order by id
    limit ${'limit'}
    for update
  )
  update posts
  set answered_id = '00000000-0000-0000-0000-000000000000'
  from answers
  where posts.id = answers.id`

export const forgetDeletions = sql({ name: 'posts.forget-deletions', params: some })`
  delete from deleted_posts
  where id = any(array(
    select id
    from deleted_posts
    where author_id = ${'person'}
    limit ${'limit'}
  ))`
