import type { PostId } from '@plaza/kernel/contract'
import { sql, type Tx, toId, toUuid } from '@plaza/kernel/data'
import type { Counts } from './contract.ts'

/** What is added to the counts of a post, or taken off. */
export interface CountChange {
  readonly likes: number
  readonly replies: number
  readonly reposts: number
}

/** Adds to the counts of all of these posts that are there, and returns them as they are now. */
export async function addToCounts(
  tx: Tx,
  changes: ReadonlyMap<PostId, CountChange>,
): Promise<readonly Counts[]> {
  const list = [...changes.values()]
  const posts = [...changes.keys()].map(toUuid)
  await insertMissing.run(tx, { posts })
  const rows = await addAll.all(tx, {
    posts,
    likes: list.map(({ likes }) => likes),
    replies: list.map(({ replies }) => replies),
    reposts: list.map(({ reposts }) => reposts),
  })
  return rows.map(({ post_id, ...counts }) => ({ postId: toId('post', post_id), ...counts }))
}

// Posts are locked first, in the order of their ids, as a deletion does: the counts of a deleted post do not come back.
const insertMissing = sql({ name: 'posts.insert-missing-counts', params: { posts: 'uuid[]' } })`
  with there as materialized (
    select id
    from posts
    where id = any(${'posts'}) and visibility <> 'gone'
    order by id
    for key share
  )
  insert into post_counts (post_id)
  select id
  from there
  order by id
  on conflict (post_id) do nothing`

// The rows are named twice: joined by key alone, the planner reads a table of middling size whole.
const addAll = sql({
  name: 'posts.add-to-counts',
  params: { posts: 'uuid[]', likes: 'int4[]', replies: 'int4[]', reposts: 'int4[]' },
  row: { post_id: 'uuid', likes: 'int4', replies: 'int4', reposts: 'int4' },
})`
  with there as materialized (
    select post_id
    from post_counts
    where post_id = any(${'posts'})
    order by post_id
    for update
  )
  update post_counts own
  set likes = own.likes + change.likes,
    replies = own.replies + change.replies,
    reposts = own.reposts + change.reposts
  from there
  join unnest(${'posts'}, ${'likes'}, ${'replies'}, ${'reposts'}) as change (post_id, likes, replies, reposts)
    using (post_id)
  where own.post_id = there.post_id and own.post_id = any(${'posts'})
  returning own.post_id, own.likes, own.replies, own.reposts`
