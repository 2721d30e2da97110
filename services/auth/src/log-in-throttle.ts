import { createHmac } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { type Db, type RowOf, sql } from '@plaza/kernel/data'
import { deriveKey } from '@plaza/kernel/security'

/** What one attempt to log in counts towards. Keyed hashes: the table tells neither who nor from where. */
export interface Attempt {
  readonly login: string
  /** This log-in from this network. */
  readonly pair: Buffer
  /** This network, whomever it tries. */
  readonly network: Buffer
  /** This log-in, from wherever. */
  readonly anywhere: Buffer
  readonly mostOfPair: number
  readonly mostOfNetwork: number
  readonly mostAnywhere: number
}

const windowMinutes = 15
/** One network may fail this many times as often as one log-in from it: people share addresses. */
const timesOfNetwork = 10
const timesAnywhere = 5

/**
 * Slows guessing down without letting strangers lock somebody out. A stranger's failures close log-in for the stranger's own network; only very many
 * from many networks close it for networks the person has never logged in from, and never for those they have.
 */
export function attempts(
  plazaSecret: string,
  most: number,
): (login: string, address: string | undefined) => Attempt {
  const key = deriveKey(plazaSecret, 'log-in throttle')
  const mac = (...parts: string[]) =>
    createHmac('sha256', key).update(parts.join('\0')).digest().subarray(0, 16)
  return (login, address) => {
    const network = networkOf(address ?? '')
    return {
      login,
      pair: mac('pair', login, network),
      network: mac('network', network),
      anywhere: mac('anywhere', login),
      mostOfPair: most,
      mostOfNetwork: most * timesOfNetwork,
      mostAnywhere: most * timesAnywhere,
    }
  }
}

/** The network that one customer has: an IPv4 address, or the first 64 bits of an IPv6 one. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped) return mapped[1]!
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.split('%')[0]!.toLowerCase().split('::')
  const groups = (text: string | undefined) => (text ? text.split(':') : [])
  const left = groups(head)
  const filled = tail === undefined ? 0 : 8 - left.length - groups(tail).length
  const all = [...left, ...Array<string>(Math.max(0, filled)).fill('0'), ...groups(tail)]
  return all
    .slice(0, 4)
    .map(group => Number.parseInt(group, 16).toString(16))
    .join(':')
}

const attemptParams = {
  login: 'text',
  pair: 'bytea',
  network: 'bytea',
  anywhere: 'bytea',
  mostOfPair: 'int4',
  mostOfNetwork: 'int4',
  mostAnywhere: 'int4',
} as const

/** The account that somebody means to log in to, and until when nobody may try. One row always; without an account its columns are null. */
export const findAccountToLogIn = sql({
  name: 'auth.find-account-to-log-in',
  params: attemptParams,
  row: {
    id: 'uuid?',
    username: 'text?',
    display_name: 'text?',
    email: 'text?',
    email_verified: 'bool?',
    password_hash: 'text?',
    ended_before: 'int4?',
    suspended: 'bool?',
    created_at: 'timestamptz?',
    wait: 'int4?',
  },
})`
  select a.id, a.username, a.display_name, a.email, a.email_verified, a.password_hash, a.ended_before,
    a.suspended_at is not null as suspended, a.created_at,
    (
      select ceil(extract(epoch from max(f.until) - now()))::int4
      from login_failures f
      where f.until > now() and (
        f.key = ${'pair'} and f.failures >= ${'mostOfPair'}
        or (
          f.key = ${'network'} and f.failures >= ${'mostOfNetwork'}
          or f.key = ${'anywhere'} and f.failures >= ${'mostAnywhere'}
        ) and not exists (
          select
          from known_addresses k
          where k.account_id = a.id and k.address = ${'network'}
        )
      )
    ) as wait
  from (values (true)) as always
  left join accounts a on (a.email_key = ${'login'} or a.username = ${'login'}) and a.erasing_at is null`

export type AccountToLogIn = RowOf<typeof findAccountToLogIn.row>

const count = sql({
  name: 'auth.count-failure',
  params: {
    pair: 'bytea',
    network: 'bytea',
    anywhere: 'bytea',
    mostOfPair: 'int4',
    minutes: 'int4',
  },
})`
  with pair as (
    insert into login_failures as f (key, failures, until)
    values (${'pair'}, 1, now() + make_interval(mins => ${'minutes'}))
    on conflict (key) do update set
      failures = case when f.until > now() then f.failures + 1 else 1 end,
      until = case when f.until > now() then f.until else excluded.until end
    returning failures
  )
  insert into login_failures as f (key, failures, until)
  select key, 1, now() + make_interval(mins => ${'minutes'})
  from unnest(array[${'network'}, ${'anywhere'}]) as key, pair
  where pair.failures <= ${'mostOfPair'}
  order by key
  on conflict (key) do update set
    failures = case when f.until > now() then f.failures + 1 else 1 end,
    until = case when f.until > now() then f.until else excluded.until end`

/** Counts a failure. What a pair fails beyond its own limit counts for the pair alone: one stranger cannot use up everybody's tries. */
export async function countFailure(db: Db, { pair, network, anywhere, mostOfPair }: Attempt): Promise<void> {
  await count.run(db, { pair, network, anywhere, mostOfPair, minutes: windowMinutes })
}

export const deleteOldFailures = sql({ name: 'auth.delete-old-failures', params: { limit: 'int4' } })`
  delete from login_failures
  where key = any(array(
    select key
    from login_failures
    where until < now()
    order by until
    limit ${'limit'}
    for update skip locked
  ))`

export const deleteOldAddresses = sql({ name: 'auth.delete-old-addresses', params: { limit: 'int4' } })`
  delete from known_addresses
  where (account_id, address) in (
    select account_id, address
    from known_addresses
    where seen_at < now() - interval '90 days'
    order by seen_at
    limit ${'limit'}
    for update skip locked
  )`
