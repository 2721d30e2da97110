import type { PostId } from '@plaza/kernel/contract'
import { batched, lastUuid, type RowOf, type Slice, sql, toId, toUuid } from '@plaza/kernel/data'
import type { Kit } from '@plaza/kernel/service'
import type { Listed } from './author-list-store.ts'

/** A part of what stands below a post: above or below the place it is read from, the nearest first. */
export type Part = Slice<{ id: 'uuid' }>

export interface Threads {
  /** Direct answers, in the order of ids. */
  answersTo(id: PostId, part: Part): Promise<readonly Listed[]>
  /** All posts below the first of a thread, in the order of ids. */
  belowRoot(id: PostId, part: Part): Promise<readonly Listed[]>
  /** All posts below one inside a thread, in the order of ids. */
  below(id: PostId, part: Part): Promise<readonly Listed[]>
  /** What a post answers, from the first down; of a longer way the nearest 100. */
  above(id: PostId): Promise<readonly Listed[]>
}

/** Threads, read for all requests of a moment at once: a row for each thread and not for each post. */
export function threadsOf({ db, metrics }: Kit): Threads {
  const partsOf = (name: string, next: Statement, prev: Statement) => {
    const find = batched({
      name: `posts.${name}`,
      load: async (keys: readonly string[]) => {
        const found = new Map<string, readonly Listed[]>()
        for (const statement of [next, prev]) {
          const chosen = keys.filter(key => key.startsWith(statement === next ? 'next' : 'prev'))
          if (chosen.length === 0) continue
          const spans = chosen.map(key => key.split(' '))
          const rows = await statement.all(db, {
            ids: spans.map(span => span[1]!),
            froms: spans.map(span => span[2]!),
            limits: spans.map(span => Number(span[3])),
          })
          for (const row of rows) found.set(chosen[row.place - 1]!, toListed(row))
        }
        return found
      },
      maxKeys: 100,
      metrics,
    })
    return async (id: PostId, { towards, from, limit }: Part) => {
      const place = from?.id ?? (towards === 'next' ? firstUuid : lastUuid)
      return (await find(`${towards} ${toUuid(id)} ${place} ${limit}`)) ?? []
    }
  }
  const above = batched({
    name: 'posts.above',
    load: async (ids: readonly PostId[]) => {
      const rows = await findAbove.all(db, { ids: ids.map(toUuid) })
      return new Map(rows.map(row => [ids[row.place - 1]!, toListed(row)]))
    },
    maxKeys: 100,
    metrics,
  })
  return {
    answersTo: partsOf('answers', answersAfter, answersBefore),
    belowRoot: partsOf('below-root', threadAfter, threadBefore),
    below: partsOf('below', belowAfter, belowBefore),
    above: async id => (await above(id)) ?? [],
  }
}

const firstUuid = '00000000-0000-0000-0000-000000000000'

function toListed({ posts, versions }: RowOf<typeof row>): readonly Listed[] {
  // Shared by all who asked for the same; frozen as a whole, as lists of authors are.
  return Object.freeze(posts.map((id, i) => ({ id: toId('post', id!), version: versions[i]! })))
}

const params = { ids: 'uuid[]', froms: 'uuid[]', limits: 'int4[]' } as const
const row = { place: 'int8', posts: 'uuid[]', versions: 'int4[]' } as const
type Statement = typeof answersAfter

const answersAfter = sql({ name: 'posts.answers-after', params, row })`
  select place, array_agg(found.id order by found.id) as posts, array_agg(found.version order by found.id) as versions
  from unnest(${'ids'}, ${'froms'}, ${'limits'}) with ordinality as part (above, after, up_to, place)
  cross join lateral (
    select id, version
    from posts
    where reply_to = above and id > after
    order by reply_to, id
    limit up_to
  ) found
  group by place`

const answersBefore = sql({ name: 'posts.answers-before', params, row })`
  select place, array_agg(found.id order by found.id desc) as posts,
    array_agg(found.version order by found.id desc) as versions
  from unnest(${'ids'}, ${'froms'}, ${'limits'}) with ordinality as part (above, before, up_to, place)
  cross join lateral (
    select id, version
    from posts
    where reply_to = above and id < before
    order by reply_to desc, id desc
    limit up_to
  ) found
  group by place`

const threadAfter = sql({ name: 'posts.thread-after', params, row })`
  select place, array_agg(found.id order by found.id) as posts, array_agg(found.version order by found.id) as versions
  from unnest(${'ids'}, ${'froms'}, ${'limits'}) with ordinality as part (root, after, up_to, place)
  cross join lateral (
    select id, version
    from posts
    where root_id = root and id > after
    order by root_id, id
    limit up_to
  ) found
  group by place`

const threadBefore = sql({ name: 'posts.thread-before', params, row })`
  select place, array_agg(found.id order by found.id desc) as posts,
    array_agg(found.version order by found.id desc) as versions
  from unnest(${'ids'}, ${'froms'}, ${'limits'}) with ordinality as part (root, before, up_to, place)
  cross join lateral (
    select id, version
    from posts
    where root_id = root and id < before
    order by root_id desc, id desc
    limit up_to
  ) found
  group by place`

// All that is below is found before it can be put in order; it is as much as stands below one answer, at any depth.
const belowAfter = sql({ name: 'posts.below-after', params, row })`
  select place, array_agg(found.id order by found.id) as posts,
    array_agg(found.version order by found.id) as versions
  from unnest(${'ids'}, ${'froms'}, ${'limits'}) with ordinality as part (above, after, up_to, place)
  cross join lateral (
    with recursive below as (
      select id, version
      from posts
      where reply_to = above
      union all
      select answer.id, answer.version
      from below
      join posts answer on answer.reply_to = below.id
    )
    select id, version
    from below
    where id > after
    order by id
    limit up_to
  ) found
  group by place`

const belowBefore = sql({ name: 'posts.below-before', params, row })`
  select place, array_agg(found.id order by found.id desc) as posts,
    array_agg(found.version order by found.id desc) as versions
  from unnest(${'ids'}, ${'froms'}, ${'limits'}) with ordinality as part (above, before, up_to, place)
  cross join lateral (
    with recursive below as (
      select id, version
      from posts
      where reply_to = above
      union all
      select answer.id, answer.version
      from below
      join posts answer on answer.reply_to = below.id
    )
    select id, version
    from below
    where id < before
    order by id desc
    limit up_to
  ) found
  group by place`

const findAbove = sql({ name: 'posts.above', params: { ids: 'uuid[]' }, row })`
  select place, array_agg(found.id order by found.id) as posts, array_agg(found.version order by found.id) as versions
  from unnest(${'ids'}) with ordinality as part (below, place)
  cross join lateral (
    with recursive above as (
      select reply_to, 1 as steps
      from posts
      where id = below
      union all
      select posts.reply_to, steps + 1
      from above
      join posts on posts.id = above.reply_to
      where steps < 100
    )
    select posts.id, posts.version
    from above
    join posts on posts.id = above.reply_to
  ) found
  group by place`
