import type { UserId } from '@plaza/kernel/contract'
import { newUuid, shardOf, sql, type Tx, toId, toUuid } from '@plaza/kernel/data'
import type { Edge, Effect, Kind, Raise, Standing } from './relation-changes.ts'

/** Locks the rows of these people, in the order of their ids, until the transaction ends; those there are, with their counts. */
export async function lockPeople(tx: Tx, ids: ReadonlySet<UserId>): Promise<Omit<Standing, 'edges'>> {
  const rows = await lockRows.all(tx, { ids: [...ids].map(toUuid) })
  return {
    people: new Map(
      rows.map(row => [
        toId('user', row.id),
        { follow: row.following_count, block: row.blocking_count, mute: row.muting_count },
      ]),
    ),
    suspended: new Set(rows.filter(row => row.suspended).map(row => toId('user', row.id))),
  }
}

/** The relations between the two of each pair, in both directions. Exact while both are locked. */
export async function readEdges(
  tx: Tx,
  pairs: readonly { actor: UserId; other: UserId }[],
): Promise<readonly Edge[]> {
  const one = pairs.map(pair => toUuid(pair.actor))
  const two = pairs.map(pair => toUuid(pair.other))
  const rows = await edgesBetween.all(tx, { froms: one.concat(two), tos: two.concat(one) })
  return rows.map(row => ({
    kind: row.kind as Kind,
    from: toId('user', row.from_id),
    to: toId('user', row.to_id),
  }))
}

/** Writes what changed. The people concerned are locked. */
export async function writeEffect(tx: Tx, effect: Effect): Promise<void> {
  for (const kind of ['follow', 'block', 'mute'] as const) {
    const added = effect.added.filter(edge => edge.kind === kind)
    const removed = effect.removed.filter(edge => edge.kind === kind)
    if (added.length > 0) await insert[kind](tx, added)
    if (removed.length > 0) await remove[kind].run(tx, columnsOf(removed))
  }
  if (effect.raises.length > 0) await raise.run(tx, raiseColumns(effect.raises))
}

const columnsOf = (edges: readonly Edge[]) => ({
  froms: edges.map(edge => toUuid(edge.from)),
  tos: edges.map(edge => toUuid(edge.to)),
})

const raiseColumns = (raises: readonly Raise[]) => ({
  ids: raises.map(each => toUuid(each.id)),
  versions: raises.map(each => each.version),
  followers: raises.map(each => each.followers),
  following: raises.map(each => each.following),
  blocking: raises.map(each => each.blocking),
  muting: raises.map(each => each.muting),
})

const lockRows = sql({
  name: 'users.lock-people',
  params: { ids: 'uuid[]' },
  row: {
    id: 'uuid',
    following_count: 'int4',
    blocking_count: 'int4',
    muting_count: 'int4',
    suspended: 'bool',
  },
})`
  select id, following_count, blocking_count, muting_count, suspended
  from people
  where id = any(${'ids'})
  order by id
  for no key update`

const pairs = { froms: 'uuid[]', tos: 'uuid[]' } as const

const edgesBetween = sql({
  name: 'users.edges-between',
  params: pairs,
  row: { kind: 'text', from_id: 'uuid', to_id: 'uuid' },
})`
  with pair as materialized (
    select distinct *
    from unnest(${'froms'}, ${'tos'}) as asked (from_id, to_id)
  )
  select 'follow' as kind, from_id, to_id
  from pair
  join follows on follower_id = from_id and followee_id = to_id
  union all
  select 'block', from_id, to_id
  from pair
  join blocks on blocker_id = from_id and blocked_id = to_id
  union all
  select 'mute', from_id, to_id
  from pair
  join mutes on muter_id = from_id and muted_id = to_id`

const insertFollows = sql({ name: 'users.insert-follows', params: { ids: 'uuid[]', ...pairs } })`
  with added as (
    insert into follows (id, follower_id, followee_id)
    select *
    from unnest(${'ids'}, ${'froms'}, ${'tos'})
    returning id, follower_id, followee_id
  )
  insert into followers (id, follower_id, followee_id)
  select id, follower_id, followee_id
  from added`

const insertBlocks = sql({ name: 'users.insert-blocks', params: pairs })`
  insert into blocks (blocker_id, blocked_id)
  select *
  from unnest(${'froms'}, ${'tos'})`

const insertMutes = sql({ name: 'users.insert-mutes', params: pairs })`
  insert into mutes (muter_id, muted_id)
  select *
  from unnest(${'froms'}, ${'tos'})`

const insert = {
  follow: (tx: Tx, edges: readonly Edge[]) =>
    insertFollows.run(tx, { ids: edges.map(edge => newUuid(shardOf(edge.from))), ...columnsOf(edges) }),
  block: (tx: Tx, edges: readonly Edge[]) => insertBlocks.run(tx, columnsOf(edges)),
  mute: (tx: Tx, edges: readonly Edge[]) => insertMutes.run(tx, columnsOf(edges)),
}

const remove = {
  follow: sql({ name: 'users.delete-follows', params: pairs })`
    with removed as (
      delete from follows
      using unnest(${'froms'}, ${'tos'}) as pair (from_id, to_id)
      where follower_id = from_id and followee_id = to_id
      returning follower_id, followee_id
    )
    delete from followers
    using removed
    where followers.followee_id = removed.followee_id and followers.follower_id = removed.follower_id`,
  block: sql({ name: 'users.delete-blocks', params: pairs })`
    delete from blocks
    using unnest(${'froms'}, ${'tos'}) as pair (from_id, to_id)
    where blocker_id = from_id and blocked_id = to_id`,
  mute: sql({ name: 'users.delete-mutes', params: pairs })`
    delete from mutes
    using unnest(${'froms'}, ${'tos'}) as pair (from_id, to_id)
    where muter_id = from_id and muted_id = to_id`,
}

const raise = sql({
  name: 'users.raise-people',
  params: {
    ids: 'uuid[]',
    versions: 'int4[]',
    followers: 'int4[]',
    following: 'int4[]',
    blocking: 'int4[]',
    muting: 'int4[]',
  },
})`
  update people
  set
    version = version + added.versions,
    follower_count = follower_count + added.followers,
    following_count = following_count + added.following,
    blocking_count = blocking_count + added.blocking,
    muting_count = muting_count + added.muting
  from unnest(${'ids'}, ${'versions'}, ${'followers'}, ${'following'}, ${'blocking'}, ${'muting'})
    as added (person_id, versions, followers, following, blocking, muting)
  where id = added.person_id`
