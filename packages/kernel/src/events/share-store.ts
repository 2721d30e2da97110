import { type Db, sql, type Tx, toUuid } from '../data/index.ts'
import type { EventCursor } from './cursor.ts'
import { skipHandledAfter } from './handled-store.ts'
import { allBuckets, type Gift, lowestBucket, type ShareSeen, type SharesSeen } from './share-plan.ts'

/** Milliseconds a lease lasts; who is stopped longer than this loses its shares. */
export const leaseFor = 1_500

/** A share as its owner has it. */
export interface StoredShare {
  readonly share: number
  readonly buckets: number
  readonly cursor: EventCursor
  /** The fencing token: whoever else touched the share has raised it. */
  readonly revision: number
  /** Events may come a second time: what was handled is looked up. */
  readonly skips: boolean
}

export async function findShares(
  db: Db,
  subscription: string,
  owner: string,
): Promise<readonly StoredShare[]> {
  const rows = await find.all(db, { subscription, owner })
  return rows.map(row => ({ ...row, cursor: row.cursor as EventCursor }))
}

/** Stores the first cursor, with all buckets, unless another instance did. */
export async function createShare(
  db: Db,
  subscription: string,
  producer: string,
  owner: string,
  cursor: EventCursor,
): Promise<void> {
  const lease = leaseFor
  await create.run(db, {
    subscription,
    producer,
    owner,
    lease,
    buckets: allBuckets,
    cursor: JSON.stringify(cursor),
  })
}

/** Shows that an instance is there, renews its leases if it may, and returns how the shares lie. */
export async function beat(
  db: Db,
  subscription: string,
  instance: string,
  does: { readonly renew: boolean; readonly wait: boolean },
): Promise<SharesSeen> {
  const rows = await seen.all(db, { subscription, instance, lease: leaseFor, ...does })
  return { shares: rows, waiting: rows[0]?.waiting.filter(each => each !== null) ?? [] }
}

/** Takes a share whose lease has ended. False: somebody was quicker, or a transaction of its owner still runs. */
export async function takeShare(
  db: Db,
  subscription: string,
  instance: string,
  { share, revision }: ShareSeen,
): Promise<boolean> {
  return (await take.run(db, { subscription, instance, share, revision, lease: leaseFor })) > 0
}

/** Gives a share, or some of its buckets, to another instance, in one statement. False: it was not one's own any more. */
export async function giveAway(
  db: Db,
  subscription: string,
  { share, revision }: Pick<StoredShare, 'share' | 'revision'>,
  { buckets, to }: Gift,
): Promise<boolean> {
  const given = { subscription, share, revision, buckets, to, lease: leaseFor }
  if ((await giveWhole.run(db, given)) > 0) return true
  return (await split.run(db, { ...given, split: lowestBucket(buckets) })) > 0
}

/** Makes one share of two whose owner is at the same place with both. False: one of them changed hands. */
export async function mergeShares(
  db: Db,
  subscription: string,
  shares: readonly [StoredShare, StoredShare],
  cursor: EventCursor,
): Promise<boolean> {
  const [kept, gone] = shares[0].share < shares[1].share ? shares : [shares[1], shares[0]]
  const merged = await merge.run(db, {
    subscription,
    kept: kept.share,
    keptRevision: kept.revision,
    gone: gone.share,
    goneRevision: gone.revision,
    cursor: JSON.stringify(cursor),
    lease: leaseFor,
  })
  return merged > 0
}

/** Lets others have everything an instance holds, at once. */
export async function releaseShares(db: Db, subscription: string, instance: string): Promise<void> {
  await release.run(db, { subscription, instance })
}

/** What a move stores with the cursor. */
export interface Handled {
  readonly batch: EventCursor
  readonly ids: readonly string[]
}

/**
 * Moves a share's cursor in the transaction that holds the effect of these events, and remembers them. From here on the server ends the
 * transaction when its client is silent for `patience` ms: a stopped process holds no lock. Undefined: the share changed hands, so roll back.
 */
export async function moveShare(
  tx: Tx,
  subscription: string,
  { share, revision }: Pick<StoredShare, 'share' | 'revision'>,
  cursor: EventCursor,
  handled: Handled,
  patience = leaseFor,
): Promise<{ readonly revision: number; readonly parked: boolean } | undefined> {
  const { batch, from } = handled.batch
  return move.maybe(tx, {
    subscription,
    share,
    revision,
    cursor: JSON.stringify(cursor),
    lease: leaseFor,
    patience: String(patience),
    branch: handled.batch.branch,
    tick: (batch?.to ?? from).tick,
    events: handled.ids.map(toUuid),
  })
}

/** Moves a share's cursor back to `tick`; what was handled since is skipped when it comes again. False: the share changed hands. */
export function moveShareBack(
  db: Db,
  subscription: string,
  share: StoredShare,
  cursor: EventCursor,
  tick: number,
): Promise<boolean> {
  return db.transaction(async tx => {
    const nothing = { batch: cursor, ids: [] }
    if ((await moveShare(tx, subscription, share, cursor, nothing)) === undefined) return false
    await skipHandledAfter(tx, subscription, tick)
    return true
  })
}

const find = sql({
  name: 'events.find-shares',
  params: { subscription: 'text', owner: 'uuid' },
  row: { share: 'int4', buckets: 'int4', cursor: 'jsonb', revision: 'int8', skips: 'bool' },
})`
  select share, buckets, cursor, revision,
    exists (select from skipped_events where subscription = ${'subscription'}) as skips
  from subscription_shares
  where subscription = ${'subscription'}
    and owner = ${'owner'}
  order by share`

const create = sql({
  name: 'events.create-share',
  params: {
    subscription: 'text',
    producer: 'text',
    owner: 'uuid',
    lease: 'int4',
    buckets: 'int4',
    cursor: 'jsonb',
  },
})`
  insert into subscription_shares (subscription, share, producer, buckets, owner, until, cursor)
  values (
    ${'subscription'}, 0, ${'producer'}, ${'buckets'}, ${'owner'}, clock_timestamp() + ${'lease'} * interval '1 ms', ${'cursor'}
  )
  on conflict do nothing`

// A lease that is lost with a crash of the server has ended early: no flush is worth waiting for. Shares in a transaction are left alone.
const seen = sql({
  name: 'events.see-shares',
  params: { subscription: 'text', instance: 'uuid', lease: 'int4', renew: 'bool', wait: 'bool' },
  row: {
    share: 'int4',
    buckets: 'int4',
    owner: 'uuid?',
    revision: 'int8',
    lasts: 'float8',
    waiting: 'uuid[]',
    flush: 'text',
  },
})`
  with renewed as (
    update subscription_shares as renewed
    set until = clock_timestamp() + ${'lease'} * interval '1 ms'
    from (
      select share
      from subscription_shares
      where subscription = ${'subscription'}
        and owner = ${'instance'}
        and ${'renew'}
      for update skip locked
    ) free
    where renewed.subscription = ${'subscription'}
      and renewed.share = free.share
      and renewed.owner = ${'instance'}
  ), announced as (
    insert into subscription_instances as known (subscription, instance)
    select ${'subscription'}, ${'instance'}
    where ${'wait'}
    on conflict (subscription, instance) do update set seen_at = excluded.seen_at
  ), forgotten as (
    delete from subscription_instances
    where subscription = ${'subscription'}
      and seen_at < now() - interval '1 minute'
      and ${'wait'}
  )
  select share, buckets, owner, revision, (extract(epoch from until - clock_timestamp()) * 1000)::float8 as lasts,
    array(
      select instance
      from subscription_instances
      where subscription = ${'subscription'}
        and seen_at > now() - ${'lease'} * interval '1 ms'
    ) as waiting,
    set_config('synchronous_commit', 'off', true) as flush
  from subscription_shares
  where subscription = ${'subscription'}
  order by share`

const take = sql({
  name: 'events.take-share',
  params: { subscription: 'text', instance: 'uuid', share: 'int4', revision: 'int8', lease: 'int4' },
})`
  update subscription_shares as taken
  set owner = ${'instance'}, revision = taken.revision + 1, until = clock_timestamp() + ${'lease'} * interval '1 ms'
  from (
    select share
    from subscription_shares
    where subscription = ${'subscription'}
      and share = ${'share'}
      and revision = ${'revision'}
      and until <= clock_timestamp()
    for update skip locked
  ) free
  where taken.subscription = ${'subscription'}
    and taken.share = free.share`

const gift = {
  subscription: 'text',
  share: 'int4',
  revision: 'int8',
  buckets: 'int4',
  to: 'uuid',
  lease: 'int4',
} as const

const giveWhole = sql({ name: 'events.give-share', params: gift })`
  update subscription_shares
  set owner = ${'to'}, revision = revision + 1, until = clock_timestamp() + ${'lease'} * interval '1 ms'
  where subscription = ${'subscription'}
    and share = ${'share'}
    and revision = ${'revision'}
    and buckets = ${'buckets'}`

const split = sql({ name: 'events.split-share', params: { ...gift, split: 'int4' } })`
  with kept as (
    update subscription_shares
    set buckets = buckets & ~${'buckets'}, revision = revision + 1
    where subscription = ${'subscription'}
      and share = ${'share'}
      and revision = ${'revision'}
      and buckets & ${'buckets'} = ${'buckets'}
    returning subscription, producer, revision, cursor, moved_at
  )
  insert into subscription_shares (subscription, share, producer, buckets, owner, until, revision, cursor, moved_at)
  select subscription, ${'split'}, producer, ${'buckets'}, ${'to'}, clock_timestamp() + ${'lease'} * interval '1 ms', revision,
    cursor, moved_at
  from kept`

const merge = sql({
  name: 'events.merge-shares',
  params: {
    subscription: 'text',
    kept: 'int4',
    keptRevision: 'int8',
    gone: 'int4',
    goneRevision: 'int8',
    cursor: 'jsonb',
    lease: 'int4',
  },
})`
  with both as materialized (
    select share, buckets
    from subscription_shares
    where subscription = ${'subscription'}
      and ((share = ${'kept'} and revision = ${'keptRevision'}) or (share = ${'gone'} and revision = ${'goneRevision'}))
    order by share
    for update
  ), kept as (
    update subscription_shares as kept
    set buckets = (select bit_or(buckets) from both), revision = 1 + greatest(${'keptRevision'}, ${'goneRevision'}),
      cursor = ${'cursor'}, until = clock_timestamp() + ${'lease'} * interval '1 ms', moved_at = now()
    where kept.subscription = ${'subscription'}
      and kept.share = ${'kept'}
      and (select count(*) from both) = 2
    returning kept.subscription
  )
  delete from subscription_shares as gone
  using kept
  where gone.subscription = kept.subscription
    and gone.share = ${'gone'}`

const release = sql({ name: 'events.release-shares', params: { subscription: 'text', instance: 'uuid' } })`
  with left_behind as (
    delete from subscription_instances
    where subscription = ${'subscription'}
      and instance = ${'instance'}
  )
  update subscription_shares
  set owner = null, until = clock_timestamp()
  where subscription = ${'subscription'}
    and owner = ${'instance'}`

const move = sql({
  name: 'events.move-share',
  params: {
    subscription: 'text',
    share: 'int4',
    revision: 'int8',
    cursor: 'jsonb',
    lease: 'int4',
    patience: 'text',
    branch: 'uuid',
    tick: 'int8',
    events: 'uuid[]',
  },
  row: { revision: 'int8', parked: 'bool', patience: 'text' },
})`
  with moved as (
    update subscription_shares
    set cursor = ${'cursor'}, revision = revision + 1, until = clock_timestamp() + ${'lease'} * interval '1 ms', moved_at = now()
    where subscription = ${'subscription'}
      and share = ${'share'}
      and revision = ${'revision'}
    returning subscription, revision
  ), remembered as (
    insert into handled_events (subscription, branch, tick, events)
    select subscription, ${'branch'}, ${'tick'}, ${'events'}
    from moved
    where cardinality(${'events'}) > 0
  )
  select revision, exists (select from dead_letters where subscription = ${'subscription'}) as parked,
    set_config('idle_in_transaction_session_timeout', ${'patience'}, true) as patience
  from moved`
