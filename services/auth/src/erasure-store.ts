import { sql } from '@plaza/kernel/data'

/** Takes an account away from everybody: sessions end, nobody logs in, and other services find no account. Its names stay taken. */
export const beginErasure = sql({
  name: 'auth.begin-erasure',
  params: { id: 'uuid' },
  row: { revision: 'int4' },
})`
  update accounts
  set erasing_at = now(), suspended_at = coalesce(suspended_at, now()), revision = revision + 1,
    ended_before = revision + 1, changed_at = now()
  where id = ${'id'} and erasing_at is null
  returning revision`

export const insertErasure = sql({
  name: 'auth.insert-erasure',
  params: { accountId: 'uuid', sessionId: 'uuid' },
})`
  insert into erasures (account_id, session_id)
  values (${'accountId'}, ${'sessionId'})
  on conflict do nothing`

export const findErasure = sql({
  name: 'auth.find-erasure',
  params: { accountId: 'uuid' },
  row: { session_id: 'uuid' },
})`
  select session_id
  from erasures
  where account_id = ${'accountId'}`

export const findErasures = sql({
  name: 'auth.find-erasures',
  params: { seconds: 'int4' },
  row: { account_id: 'uuid', session_id: 'uuid', until: 'timestamptz' },
})`
  select account_id, session_id, at + make_interval(secs => ${'seconds'}) as until
  from erasures
  where at > now() - make_interval(secs => ${'seconds'})`

export const deleteOldErasures = sql({ name: 'auth.delete-old-erasures', params: { limit: 'int4' } })`
  delete from erasures
  where account_id = any(array(
    select account_id
    from erasures
    where at < now() - interval '1 hour'
    order by at
    limit ${'limit'}
  ))`

/** Whether the account is there, and being erased. */
export const lockErasing = sql({
  name: 'auth.lock-erasing',
  params: { id: 'uuid' },
  row: { erasing: 'bool' },
})`
  select erasing_at is not null as erasing
  from accounts
  where id = ${'id'}
  for update`

export const deleteSessionsOf = sql({
  name: 'auth.delete-sessions-of',
  params: { accountId: 'uuid', limit: 'int4' },
})`
  delete from sessions
  where id = any(array(
    select id
    from sessions
    where account_id = ${'accountId'}
    limit ${'limit'}
  ))`

export const deleteAddressesOf = sql({
  name: 'auth.delete-addresses-of',
  params: { accountId: 'uuid', limit: 'int4' },
})`
  delete from known_addresses
  where account_id = ${'accountId'} and address in (
    select address
    from known_addresses
    where account_id = ${'accountId'}
    limit ${'limit'}
  )`

export const deleteAccount = sql({ name: 'auth.delete-account', params: { id: 'uuid' } })`
  delete from accounts
  where id = ${'id'}`

export const sessionsOf = sql({
  name: 'auth.sessions-of',
  params: { accountId: 'uuid', after: 'uuid', limit: 'int4' },
  row: {
    id: 'uuid',
    started_at: 'timestamptz',
    rotated_at: 'timestamptz',
    expires_at: 'timestamptz',
    ended_at: 'timestamptz?',
  },
})`
  select id, started_at, rotated_at, expires_at, ended_at
  from sessions
  where account_id = ${'accountId'} and id > ${'after'}
  order by id
  limit ${'limit'}`

export const addressesOf = sql({
  name: 'auth.addresses-of',
  params: { accountId: 'uuid', limit: 'int4' },
  row: { seen_at: 'timestamptz' },
})`
  select seen_at
  from known_addresses
  where account_id = ${'accountId'}
  order by address
  limit ${'limit'}`
