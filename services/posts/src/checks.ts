import { type Db, sql, toId, type Uuid } from '@plaza/kernel/data'
import type { Check, Looked } from '@plaza/kernel/service'

/** Posts looked at in one part. */
const perPart = 2_000
const lowest: Uuid = '00000000-0000-0000-0000-000000000000'

/** What `plaza verify` looks at. Counts lag a moment: what is not so 10 s later is broken. */
export function checksOf(db: Db): Readonly<Record<string, Check>> {
  return {
    counts: inParts('counts of likes, answers and reposts equal the rows behind them', after =>
      wrongCounts.all(db, { after, limit: perPart }),
    ),
    reactions: inParts('what is liked or reposted is there', after =>
      lostReactions.all(db, { after, limit: perPart }),
    ),
    threads: inParts('every answer answers something, and what is gone has answers', after =>
      brokenThreads.all(db, { after, limit: perPart }),
    ),
    tags: inParts('posts are found by their tags, and by no other', after =>
      wrongTags.all(db, { after, limit: perPart }),
    ),
  }
}

interface Row {
  readonly id: string
  /** What is wrong with it; null for a post that is as promised. */
  readonly breach: string | null
}

function inParts(promise: string, read: (after: Uuid) => Promise<readonly Row[]>): Check {
  return {
    promise,
    look: async (after = lowest): Promise<Looked> => {
      const rows = await read(after)
      return {
        checked: rows.length,
        breaches: rows.flatMap(({ id, breach }) =>
          breach === null ? [] : [{ id: toId('post', id), detail: breach }],
        ),
        next: rows.length < perPart ? null : rows.at(-1)!.id,
      }
    },
  }
}

const part = { after: 'uuid', limit: 'int4' } as const
const row = { id: 'uuid', breach: 'text?' } as const

// `limit 1` and scalar subqueries: each is a look by key, however large the planner thinks the part is.

// All posts, with or without a row of counts: a post without one has none of anything.
const wrongCounts = sql({ name: 'posts.wrong-counts', params: part, row })`
  select id, case when said <> found then 'says ' || said || ', has ' || found end as breach
  from (
    select id, visibility
    from posts
    where id > ${'after'}
    order by id
    limit ${'limit'}
  ) post
  left join lateral (
    select likes, replies, reposts
    from post_counts
    where post_id = post.id
    limit 1
  ) own on true
  cross join lateral (
    select
      format('%s likes, %s answers, %s reposts',
        coalesce(likes, 0), coalesce(replies, 0), coalesce(reposts, 0)) as said,
      case when visibility = 'gone' then '0 likes, 0 answers, 0 reposts' else
        format('%s likes, %s answers, %s reposts',
          (select count(*) from likes where likes.post_id = post.id),
          (select count(*) from posts answer
            where answer.reply_to = post.id and answer.visibility in ('public', 'followers')),
          (select count(*) from reposts where reposts.post_id = post.id))
      end as found
  ) counts
  order by id`

// Each post once that is liked or reposted, read along the index as if there were one of each.
const lostReactions = sql({ name: 'posts.lost-reactions', params: part, row })`
  with recursive liked as (
    (select post_id from likes where post_id > ${'after'} order by post_id limit 1)
    union all
    select (select post_id from likes where post_id > liked.post_id order by post_id limit 1)
    from liked
    where liked.post_id is not null
  ), reposted as (
    (select post_id from reposts where post_id > ${'after'} order by post_id limit 1)
    union all
    select (select post_id from reposts where post_id > reposted.post_id order by post_id limit 1)
    from reposted
    where reposted.post_id is not null
  ), reacted_to as (
    select post_id from (select post_id from liked limit ${'limit'}) one where post_id is not null
    union
    select post_id from (select post_id from reposted limit ${'limit'}) other where post_id is not null
  )
  select post_id as id,
    case when (select id from posts where id = post_id and visibility <> 'gone') is null
      then 'is liked or reposted, and not there' end as breach
  from reacted_to
  order by id
  limit ${'limit'}`

const brokenThreads = sql({ name: 'posts.broken-threads', params: part, row })`
  select post.id,
    case
      when post.reply_to is not null and answered.id is null then 'answers what is not there'
      when post.root_id <> coalesce(answered.root_id, answered.id) then 'is of another thread than what it answers'
      when post.visibility = 'gone' and (select id from posts answer where answer.reply_to = post.id limit 1) is null
        then 'is gone and has no answers'
    end as breach
  from (
    select id, reply_to, root_id, visibility
    from posts
    where id > ${'after'}
    order by id
    limit ${'limit'}
  ) post
  left join lateral (
    select id, root_id
    from posts
    where id = post.reply_to
    limit 1
  ) answered on true
  order by post.id`

const wrongTags = sql({ name: 'posts.wrong-tags', params: part, row })`
  select id,
    case when due <> found then format('has the tags {%s}, is found by {%s}',
      array_to_string(due, ','), array_to_string(found, ',')) end as breach
  from (
    select id, author_id, case when visibility = 'public' and reply_to is null then tags end as tags
    from posts
    where id > ${'after'}
    order by id
    limit ${'limit'}
  ) post
  cross join lateral (
    select
      array(select tag from unnest(tags) tag order by tag) as due,
      array(
        select case when post_tags.author_id = post.author_id then tag else tag || ' of another' end
        from post_tags
        where post_tags.post_id = post.id
        order by tag
      ) as found
  ) lists
  order by id`
