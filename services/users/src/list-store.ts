import type { UserId } from '@plaza/kernel/contract'
import { type Db, lastUuid, type Slice, sql, toId, toUuid } from '@plaza/kernel/data'

export type List = 'followers' | 'following'

/** A person in a list; `id` is that of the follow by which they stand there, and the list's order. */
export interface Entry {
  readonly id: string
  readonly personId: UserId
}

/** The part of somebody's list that `slice` asks for, without those who are not there: who blocked the viewer, and the suspended. */
export async function readEntries(
  db: Db,
  list: List,
  of: UserId,
  viewer: UserId | undefined,
  { towards, from, limit }: Slice<{ id: 'uuid' }>,
): Promise<Entry[]> {
  const statement = towards === 'next' ? older[list] : newer[list]
  const rows = await statement.all(db, {
    of: toUuid(of),
    viewer: viewer === undefined ? null : toUuid(viewer),
    from: from?.id ?? lastUuid,
    limit,
  })
  return rows.map(row => ({ id: row.id, personId: toId('user', row.person_id) }))
}

const params = { of: 'uuid', viewer: 'uuid?', from: 'uuid', limit: 'int4' } as const
const row = { id: 'uuid', person_id: 'uuid' } as const

// Looked up row by row, as one `(select …) is null`: a `not exists` may be turned into a join that sorts a whole list for its first page, and of two
// conditions the planner believes that hardly a row meets both, and sorts too.
const older = {
  followers: sql({ name: 'users.followers-older', params, row })`
    select id, follower_id as person_id
    from followers
    where followee_id = ${'of'} and id < ${'from'}
      and coalesce(
        (select true from blocks where blocker_id = follower_id and blocked_id = ${'viewer'}),
        (select true from people where people.id = follower_id and suspended)
      ) is null
    order by id desc
    limit ${'limit'}`,
  following: sql({ name: 'users.following-older', params, row })`
    select id, followee_id as person_id
    from follows
    where follower_id = ${'of'} and id < ${'from'}
      and coalesce(
        (select true from blocks where blocker_id = followee_id and blocked_id = ${'viewer'}),
        (select true from people where people.id = followee_id and suspended)
      ) is null
    order by id desc
    limit ${'limit'}`,
}

const newer = {
  followers: sql({ name: 'users.followers-newer', params, row })`
    select id, follower_id as person_id
    from followers
    where followee_id = ${'of'} and id > ${'from'}
      and coalesce(
        (select true from blocks where blocker_id = follower_id and blocked_id = ${'viewer'}),
        (select true from people where people.id = follower_id and suspended)
      ) is null
    order by id
    limit ${'limit'}`,
  following: sql({ name: 'users.following-newer', params, row })`
    select id, followee_id as person_id
    from follows
    where follower_id = ${'of'} and id > ${'from'}
      and coalesce(
        (select true from blocks where blocker_id = followee_id and blocked_id = ${'viewer'}),
        (select true from people where people.id = followee_id and suspended)
      ) is null
    order by id
    limit ${'limit'}`,
}
