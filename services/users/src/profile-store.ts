import type { Account } from '@plaza/auth/contract'
import type { UserId } from '@plaza/kernel/contract'
import { type Db, type RowOf, sql, type Tx, toId, toUuid } from '@plaza/kernel/data'
import type { Card, Profile } from './contract.ts'

/** A profile, and whether it is anybody's to see. */
export interface KnownProfile {
  readonly profile: Profile
  readonly suspended: boolean
}

/** The profiles there are, by id, in one query. */
export async function findProfiles(db: Db, ids: readonly UserId[]): Promise<Map<UserId, KnownProfile>> {
  const rows = await profilesByIds.all(db, { ids: ids.map(toUuid) })
  return new Map(
    rows.map(row => [toId('user', row.id), { profile: toProfile(row), suspended: row.suspended }]),
  )
}

/** The author cards there are, by id, in one query. */
export async function findCards(db: Db, ids: readonly UserId[]): Promise<Map<UserId, Card>> {
  const rows = await cardsByIds.all(db, { ids: ids.map(toUuid) })
  return new Map(rows.map(row => [toId('user', row.id), toCard(row)]))
}

/** Whose the usernames (in lower case) are, in one query. */
export async function findIdsByUsername(db: Db, usernames: readonly string[]): Promise<Map<string, UserId>> {
  const rows = await idsByUsername.all(db, { usernames })
  return new Map(rows.map(row => [row.username, toId('user', row.id)]))
}

/** Makes the profiles that are not there yet; returns whose it made. */
export async function insertProfiles(tx: Tx, accounts: readonly Account[]): Promise<UserId[]> {
  const sorted = accounts.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const ids = sorted.map(account => toUuid(account.id))
  await insertPeople.run(tx, { ids })
  const made = await insertNew.all(tx, {
    ids,
    usernames: sorted.map(account => account.username.toLowerCase()),
    displayNames: sorted.map(account => account.displayName),
    createdAts: sorted.map(account => new Date(account.createdAt)),
  })
  return made.map(row => toId('user', row.id))
}

/** Writes an edit if the profile still has `ifVersion` (null: whatever it has); false when it has another. */
export async function updateProfile(
  tx: Tx,
  id: UserId,
  edit: { displayName: string | null; bio: string | null; ifVersion: number | null },
): Promise<boolean> {
  return (await update.run(tx, { id: toUuid(id), ...edit })) === 1
}

/** Locks the person and raises the version of their relations. */
export async function raiseVersion(tx: Tx, id: UserId): Promise<void> {
  await raise.run(tx, { id: toUuid(id) })
}

/** Notes whether somebody is suspended, whether or not their profile is made, and raises their version. */
export async function setSuspended(tx: Tx, id: UserId, suspended: boolean): Promise<void> {
  await upsertSuspended.run(tx, { id: toUuid(id), suspended })
}

function toProfile(row: Omit<RowOf<typeof profileRow>, 'suspended'>): Profile {
  return {
    ...toCard(row),
    bio: row.bio,
    followerCount: row.follower_count,
    followingCount: row.following_count,
    postCount: row.post_count,
    createdAt: row.created_at.toISOString(),
  }
}

function toCard(row: RowOf<typeof cardRow>): Card {
  return {
    id: toId('user', row.id),
    username: row.username,
    displayName: row.display_name,
    avatarUrl: null,
    version: row.version,
  }
}

const cardRow = { id: 'uuid', username: 'text', display_name: 'text', version: 'int4' } as const
const profileRow = {
  ...cardRow,
  bio: 'text',
  created_at: 'timestamptz',
  follower_count: 'int4',
  following_count: 'int4',
  post_count: 'int4',
  suspended: 'bool',
} as const

const profilesByIds = sql({ name: 'users.profiles-by-ids', params: { ids: 'uuid[]' }, row: profileRow })`
  select
    profiles.id, username, display_name, profiles.version, bio, created_at,
    follower_count, following_count, coalesce(post_count, 0) as post_count, suspended
  from profiles
  join people on people.id = profiles.id
  left join post_counts on post_counts.user_id = profiles.id
  where profiles.id = any(${'ids'})`

const cardsByIds = sql({ name: 'users.cards-by-ids', params: { ids: 'uuid[]' }, row: cardRow })`
  select id, username, display_name, version
  from profiles
  where id = any(${'ids'})`

const idsByUsername = sql({
  name: 'users.ids-by-username',
  params: { usernames: 'text[]' },
  row: { id: 'uuid', username: 'text' },
})`
  select id, username
  from profiles
  where username = any(${'usernames'})`

const insertPeople = sql({ name: 'users.insert-people', params: { ids: 'uuid[]' } })`
  insert into people (id)
  select *
  from unnest(${'ids'})
  on conflict do nothing`

const insertNew = sql({
  name: 'users.insert-profiles',
  params: { ids: 'uuid[]', usernames: 'text[]', displayNames: 'text[]', createdAts: 'timestamptz[]' },
  row: { id: 'uuid' },
})`
  insert into profiles (id, username, display_name, created_at)
  select *
  from unnest(${'ids'}, ${'usernames'}, ${'displayNames'}, ${'createdAts'})
  on conflict (id) do nothing
  returning id`

const update = sql({
  name: 'users.update-profile',
  params: { id: 'uuid', displayName: 'text?', bio: 'text?', ifVersion: 'int4?' },
})`
  update profiles
  set
    display_name = coalesce(${'displayName'}, display_name),
    bio = coalesce(${'bio'}, bio),
    version = version + 1
  where id = ${'id'} and version = coalesce(${'ifVersion'}, version)`

const raise = sql({ name: 'users.raise-version', params: { id: 'uuid' } })`
  update people
  set version = version + 1
  where id = ${'id'}`

const upsertSuspended = sql({
  name: 'users.set-suspended',
  params: { id: 'uuid', suspended: 'bool' },
})`
  insert into people (id, suspended)
  values (${'id'}, ${'suspended'})
  on conflict (id) do update
  set suspended = excluded.suspended, version = people.version + 1`
