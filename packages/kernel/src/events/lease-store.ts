import { type Db, sql } from '../data/index.ts'
import type { EventCursor } from './cursor.ts'
import { allBuckets, type Gift, lowestBucket, type ShareSeen, type SharesSeen } from './share-plan.ts'
import { leaseFor, type StoredShare } from './share-store.ts'

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
  with pair as materialized (
    select share, buckets
    from subscription_shares
    where subscription = ${'subscription'}
      and ((share = ${'kept'} and revision = ${'keptRevision'}) or (share = ${'gone'} and revision = ${'goneRevision'}))
    order by share
    for update
  ), kept as (
    update subscription_shares as kept
    set buckets = (select bit_or(buckets) from pair), revision = 1 + greatest(${'keptRevision'}, ${'goneRevision'}),
      cursor = ${'cursor'}, until = clock_timestamp() + ${'lease'} * interval '1 ms', moved_at = now()
    where kept.subscription = ${'subscription'}
      and kept.share = ${'kept'}
      and (select count(*) from pair) = 2
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
