import { sql } from '@plaza/kernel/data'

/** Days a session lives after its last refresh, and in all. */
const idleDays = 30
const longestDays = 365
/** Sessions one person may have at once; the one longest unused makes room. */
const mostSessions = 100

export const sessionLimits = { idleDays, longestDays, mostSessions } as const

/** Begins a session unless the account was suspended or its sessions were ended since it was read. Gives what tokens carry. */
export const startSession = sql({
  name: 'auth.start-session',
  params: {
    id: 'uuid',
    accountId: 'uuid',
    endedBefore: 'int4',
    tokenHash: 'bytea',
    idleDays: 'int4',
    mostSessions: 'int4',
    address: 'bytea',
    failureKey: 'bytea',
    mostFailures: 'int4',
  },
  row: { roles: 'text[]', revision: 'int4', surplus: 'uuid[]' },
})`
  with account as (
    select id, roles, revision
    from accounts
    where id = ${'accountId'} and suspended_at is null and ended_before = ${'endedBefore'}
      and not exists (
        select
        from login_failures
        where key = ${'failureKey'} and until > now() and failures >= ${'mostFailures'}
      )
    for share of accounts
  ), session as (
    insert into sessions (id, account_id, token_hash, expires_at)
    select ${'id'}, id, ${'tokenHash'}, now() + make_interval(days => ${'idleDays'})
    from account
  ), known as (
    insert into known_addresses (account_id, address)
    select id, ${'address'}
    from account
    on conflict (account_id, address) do update set seen_at = now()
  ), forgiven as (
    delete from login_failures
    where key = ${'failureKey'} and exists (select from account)
  ), surplus as (
    update sessions
    set ended_at = now()
    where id in (
      select s.id
      from account
      join sessions s on s.account_id = account.id
      where s.ended_at is null
      order by s.rotated_at desc
      offset ${'mostSessions'} - 1
    )
    returning id
  )
  select roles, revision, array(select id from surplus) as surplus
  from account`

/** Makes the successor the good token if this one is. */
export const rotateToken = sql({
  name: 'auth.rotate-token',
  params: {
    id: 'uuid',
    presented: 'bytea',
    successor: 'bytea',
    idleDays: 'int4',
    longestDays: 'int4',
  },
  row: { account_id: 'uuid', roles: 'text[]', revision: 'int4' },
})`
  update sessions s
  set token_hash = ${'successor'},
    previous_hash = ${'presented'},
    rotated_at = now(),
    expires_at = least(
      now() + make_interval(days => ${'idleDays'}),
      s.started_at + make_interval(days => ${'longestDays'})
    )
  from accounts a
  where s.id = ${'id'} and s.token_hash = ${'presented'} and s.ended_at is null and s.expires_at > now()
    and a.id = s.account_id and a.suspended_at is null
  returning a.id as account_id, a.roles, a.revision`

/** What there is to say about a token that could not be rotated. */
export const findSession = sql({
  name: 'auth.find-session',
  params: { id: 'uuid', presented: 'bytea', successor: 'bytea', leeway: 'int4' },
  row: {
    account_id: 'uuid',
    roles: 'text[]',
    revision: 'int4',
    suspended: 'bool',
    alive: 'bool',
    repeated: 'bool',
  },
})`
  select a.id as account_id, a.roles, a.revision,
    a.suspended_at is not null and a.erasing_at is null as suspended,
    s.ended_at is null and s.expires_at > now() as alive,
    coalesce(
      s.previous_hash = ${'presented'} and s.token_hash = ${'successor'}
        and s.rotated_at > clock_timestamp() - make_interval(secs => ${'leeway'}),
      false
    ) as repeated
  from sessions s
  join accounts a on a.id = s.account_id
  where s.id = ${'id'}`

export const endSession = sql({
  name: 'auth.end-session',
  params: { id: 'uuid', accountId: 'uuid' },
})`
  update sessions
  set ended_at = now()
  where id = ${'id'} and account_id = ${'accountId'} and ended_at is null`

export const endAllSessions = sql({ name: 'auth.end-all-sessions', params: { accountId: 'uuid' } })`
  update sessions
  set ended_at = now()
  where account_id = ${'accountId'} and ended_at is null`

export const findEndedSessions = sql({
  name: 'auth.find-ended-sessions',
  params: { seconds: 'int4' },
  row: { id: 'uuid', until: 'timestamptz' },
})`
  select id, ended_at + make_interval(secs => ${'seconds'}) as until
  from sessions
  where ended_at > now() - make_interval(secs => ${'seconds'})`

/** Sessions that nobody can come back to, with no token of theirs alive. */
export const deleteOldSessions = sql({ name: 'auth.delete-old-sessions', params: { limit: 'int4' } })`
  delete from sessions
  where id = any(array(
    (select id from sessions where ended_at < now() - interval '1 day' order by ended_at limit ${'limit'})
    union
    (select id from sessions where expires_at < now() - interval '1 day' order by expires_at limit ${'limit'})
  ))`
