import type { UserId } from '@plaza/kernel/contract'
import { type Db, sql, toId, toUuid } from '@plaza/kernel/data'
import type { Relation, Relations } from './contract.ts'

/** How new each person's relations are, in one key read. Who has none is left out. */
export async function findVersions(db: Db, ids: readonly UserId[]): Promise<Map<UserId, number>> {
  const rows = await versionsByIds.all(db, { ids: ids.map(toUuid) })
  return new Map(rows.map(row => [toId('user', row.id), row.version]))
}

/** Whole relations, each person's from one snapshot: version and lists belong together. */
export async function findRelations(db: Db, ids: readonly UserId[]): Promise<Map<UserId, Relations>> {
  const rows = await relationsByIds.all(db, { ids: ids.map(toUuid) })
  return new Map(
    rows.map(row => [
      toId('user', row.id),
      {
        version: row.version,
        following: toIds(row.following),
        blocked: toIds(row.blocked),
        muted: toIds(row.muted),
        suspended: row.suspended,
      },
    ]),
  )
}

/** How each viewer stands to the other of their pair, in one query; in the order of the pairs. */
export async function findRelationsBetween(
  db: Db,
  pairs: readonly { viewer: UserId; other: UserId }[],
): Promise<Relation[]> {
  const rows = await relationsBetween.all(db, {
    viewers: pairs.map(pair => toUuid(pair.viewer)),
    others: pairs.map(pair => toUuid(pair.other)),
  })
  return rows.map(row => ({
    id: pairs[row.place - 1]!.other,
    following: row.following,
    followedBy: row.followed_by,
    blocking: row.blocking,
    blockedBy: row.blocked_by,
    muting: row.muting,
  }))
}

const toIds = (uuids: readonly (string | null)[]) => uuids.map(uuid => toId('user', uuid!))

const versionsByIds = sql({
  name: 'users.versions-by-ids',
  params: { ids: 'uuid[]' },
  row: { id: 'uuid', version: 'int8' },
})`
  select id, version
  from people
  where id = any(${'ids'})`

const relationsByIds = sql({
  name: 'users.relations-by-ids',
  params: { ids: 'uuid[]' },
  row: {
    id: 'uuid',
    version: 'int8',
    suspended: 'bool',
    following: 'uuid[]',
    blocked: 'uuid[]',
    muted: 'uuid[]',
  },
})`
  select
    id, version, suspended,
    array(select followee_id from follows where follower_id = people.id) as following,
    array(
      select blocked_id from blocks where blocker_id = people.id
      union
      select blocker_id from blocks where blocked_id = people.id
    ) as blocked,
    array(select muted_id from mutes where muter_id = people.id) as muted
  from people
  where id = any(${'ids'})`

const relationsBetween = sql({
  name: 'users.relations-between',
  params: { viewers: 'uuid[]', others: 'uuid[]' },
  row: {
    place: 'int8',
    following: 'bool',
    followed_by: 'bool',
    blocking: 'bool',
    blocked_by: 'bool',
    muting: 'bool',
  },
})`
  select
    place,
    exists (select from follows where follower_id = viewer and followee_id = other) as following,
    exists (select from follows where follower_id = other and followee_id = viewer) as followed_by,
    exists (select from blocks where blocker_id = viewer and blocked_id = other) as blocking,
    exists (select from blocks where blocker_id = other and blocked_id = viewer) as blocked_by,
    exists (select from mutes where muter_id = viewer and muted_id = other) as muting
  from unnest(${'viewers'}, ${'others'}) with ordinality as pair (viewer, other, place)
  order by place`
