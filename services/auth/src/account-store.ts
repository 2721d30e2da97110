import type { UserId } from '@plaza/kernel/contract'
import { type RowOf, sql, toId } from '@plaza/kernel/data'
import { roles as allRoles, type Role } from '@plaza/kernel/security'
import type { Account, Standing } from './contract.ts'

/** How an e-mail address or a username is compared: one spelling for all that look alike, in lower case. */
export const lookupKey = (text: string) => text.normalize('NFKC').toLowerCase()

/** Roles as they are kept, in their order. */
export const toRoles = (kept: readonly (string | null)[]): Role[] =>
  allRoles.filter(role => kept.includes(role))

const account = {
  id: 'uuid',
  username: 'text',
  display_name: 'text',
  email: 'text',
  email_verified: 'bool',
  roles: 'text[]',
  created_at: 'timestamptz',
} as const

export const findAccounts = sql({ name: 'auth.find-accounts', params: { ids: 'uuid[]' }, row: account })`
  select id, username, display_name, email, email_verified, roles, created_at
  from accounts
  where id = any(${'ids'}) and erasing_at is null`

export const findAccountsByUsername = sql({
  name: 'auth.find-accounts-by-username',
  params: { usernames: 'text[]' },
  row: account,
})`
  select id, username, display_name, email, email_verified, roles, created_at
  from accounts
  where username = any(${'usernames'}) and erasing_at is null`

export function toAccount(row: RowOf<typeof account>): Account {
  return {
    id: toId('user', row.id),
    username: row.username,
    displayName: row.display_name,
    email: row.email,
    emailVerified: row.email_verified,
    roles: toRoles(row.roles),
    createdAt: row.created_at.toISOString(),
  }
}

const standing = {
  id: 'uuid',
  revision: 'int4',
  roles: 'text[]',
  suspended: 'bool',
  ended_before: 'int4',
} as const

export const findStandings = sql({ name: 'auth.find-standings', params: { ids: 'uuid[]' }, row: standing })`
  select id, revision, roles, suspended_at is not null as suspended, ended_before
  from accounts
  where id = any(${'ids'})`

export const findChangedAccounts = sql({
  name: 'auth.find-changed-accounts',
  params: { seconds: 'int4' },
  row: { ...standing, until: 'timestamptz' },
})`
  select id, revision, roles, suspended_at is not null as suspended, ended_before,
    changed_at + make_interval(secs => ${'seconds'}) as until
  from accounts
  where changed_at > now() - make_interval(secs => ${'seconds'})`

export const findSuspended = sql({
  name: 'auth.find-suspended',
  params: { after: 'uuid', limit: 'int4' },
  row: { id: 'uuid' },
})`
  select id
  from accounts
  where suspended_at is not null and id > ${'after'}
  order by id
  limit ${'limit'}`

export const findAccountIds = sql({
  name: 'auth.find-account-ids',
  params: { after: 'uuid', limit: 'int4' },
  row: { id: 'uuid' },
})`
  select id
  from accounts
  where id > ${'after'}
    and created_at < now() - interval '1 minute'
    and erasing_at is null
  order by id
  limit ${'limit'}`

export function toStanding(row: RowOf<typeof standing>): Standing & { id: UserId } {
  const { revision, suspended } = row
  return {
    id: toId('user', row.id),
    revision,
    roles: toRoles(row.roles),
    suspended,
    endedBefore: row.ended_before,
  }
}

/** Locks a person and every active admin, in key order: whoever takes an admin away sees the others, and two do not wait in a ring. */
export const lockWithAdmins = sql({
  name: 'auth.lock-with-admins',
  params: { id: 'uuid' },
  row: { ...standing, is_admin: 'bool' },
})`
  select id, revision, roles, suspended_at is not null as suspended, ended_before,
    'admin' = any(roles) and suspended_at is null as is_admin
  from accounts
  where (id = ${'id'} and erasing_at is null) or ('admin' = any(roles) and suspended_at is null)
  order by id
  for update`

export const changeRoles = sql({
  name: 'auth.change-roles',
  params: { id: 'uuid', roles: 'text[]' },
  row: { revision: 'int4' },
})`
  update accounts
  set roles = ${'roles'}, revision = revision + 1, changed_at = now()
  where id = ${'id'}
  returning revision`

export const lockAccount = sql({ name: 'auth.lock-account', params: { id: 'uuid' }, row: standing })`
  select id, revision, roles, suspended_at is not null as suspended, ended_before
  from accounts
  where id = ${'id'} and erasing_at is null
  for update`

export const suspendAccount = sql({
  name: 'auth.suspend-account',
  params: { id: 'uuid' },
  row: { revision: 'int4' },
})`
  update accounts
  set suspended_at = now(), revision = revision + 1, ended_before = revision + 1, changed_at = now()
  where id = ${'id'}
  returning revision`

export const unsuspendAccount = sql({
  name: 'auth.unsuspend-account',
  params: { id: 'uuid' },
  row: { revision: 'int4' },
})`
  update accounts
  set suspended_at = null, revision = revision + 1, changed_at = now()
  where id = ${'id'} and suspended_at is not null
  returning revision`

export const renewPasswordHash = sql({
  name: 'auth.renew-password-hash',
  params: { id: 'uuid', before: 'text', after: 'text' },
})`
  update accounts
  set password_hash = ${'after'}
  where id = ${'id'} and password_hash = ${'before'}`

export const findAnyAdmin = sql({ name: 'auth.find-any-admin', row: { email: 'text' } })`
  select email
  from accounts
  where 'admin' = any(roles)
  order by id
  limit 1`
