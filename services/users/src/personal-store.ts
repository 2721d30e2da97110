import { type RowOf, sql } from '@plaza/kernel/data'

/** Some of all relations that name a person, whoever began them. Ordered as the indexes are, so that no plan reads a whole table. */
export const relationsOf = sql({
  name: 'users.relations-of',
  params: { id: 'uuid', limit: 'int4' },
  row: { kind: 'text', from_id: 'uuid', to_id: 'uuid' },
})`
  (select 'follow' as kind, follower_id as from_id, followee_id as to_id
    from follows where follower_id = ${'id'} order by followee_id limit ${'limit'})
  union all
  (select 'follow', follower_id, followee_id
    from followers where followee_id = ${'id'} order by follower_id limit ${'limit'})
  union all
  (select 'block', blocker_id, blocked_id
    from blocks where blocker_id = ${'id'} order by blocked_id limit ${'limit'})
  union all
  (select 'block', blocker_id, blocked_id
    from blocks where blocked_id = ${'id'} order by blocker_id limit ${'limit'})
  union all
  (select 'mute', muter_id, muted_id
    from mutes where muter_id = ${'id'} order by muted_id limit ${'limit'})
  union all
  (select 'mute', muter_id, muted_id
    from mutes where muted_id = ${'id'} order by muter_id limit ${'limit'})
  limit ${'limit'}`

export const deletePerson = sql({
  name: 'users.delete-person',
  params: { id: 'uuid' },
  row: { profiles: 'int8' },
})`
  with profile as (
    delete from profiles
    where id = ${'id'}
    returning id
  ), person as (
    delete from people
    where id = ${'id'}
  ), posts as (
    delete from post_counts
    where user_id = ${'id'}
  )
  select count(*) as profiles
  from profile`

const params = { of: 'uuid', after: 'uuid', limit: 'int4' } as const
const row = { place: 'uuid', person_id: 'uuid' } as const

/** A row of one's own lists: `place` is where the next part begins. */
export type OwnRelation = RowOf<typeof row>

/** What a person's own lists hold, in the order of `place`. */
export const ownRelations = {
  follow: sql({ name: 'users.own-follows', params, row })`
    select id as place, followee_id as person_id
    from follows
    where follower_id = ${'of'} and id > ${'after'}
    order by id
    limit ${'limit'}`,
  follower: sql({ name: 'users.own-followers', params, row })`
    select id as place, follower_id as person_id
    from followers
    where followee_id = ${'of'} and id > ${'after'}
    order by id
    limit ${'limit'}`,
  block: sql({ name: 'users.own-blocks', params, row })`
    select blocked_id as place, blocked_id as person_id
    from blocks
    where blocker_id = ${'of'} and blocked_id > ${'after'}
    order by blocked_id
    limit ${'limit'}`,
  mute: sql({ name: 'users.own-mutes', params, row })`
    select muted_id as place, muted_id as person_id
    from mutes
    where muter_id = ${'of'} and muted_id > ${'after'}
    order by muted_id
    limit ${'limit'}`,
}
