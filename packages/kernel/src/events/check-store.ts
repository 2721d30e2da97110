import { type Db, sql, toId, toUuid } from '../data/index.ts'

/** A share of a subscription as its table has it. */
export type ShareRow = Awaited<ReturnType<typeof shares.all>>[number]

export function listShares(db: Db): Promise<readonly ShareRow[]> {
  return shares.all(db, {})
}

/** Those of the events that no transaction after this tick handled, nor one before that went back, and that are not parked. */
export async function findUnhandled(
  db: Db,
  subscription: string,
  tick: number,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await unhandled.all(db, { subscription, tick, ids: ids.map(toUuid) })
  return new Set(rows.map(row => toId('event', row.id)))
}

/** The lowest version that is parked of each of these streams, and the events that are. */
export async function findParked(db: Db, subscription: string, streams: readonly string[]) {
  const rows = await parked.all(db, { subscription, streams })
  const lowest = new Map<string, number>()
  for (const { stream, version } of rows)
    lowest.set(stream, Math.min(version, lowest.get(stream) ?? Number.POSITIVE_INFINITY))
  return { lowest, events: new Set<string>(rows.map(row => toId('event', row.event))) }
}

/** Letters after `after`, and whether one that was parked before it belongs behind it. */
export function listLetterOrder(db: Db, after: number, limit: number) {
  return letterOrder.all(db, { after, limit })
}

const shares = sql({
  name: 'events.shares-to-check',
  row: {
    subscription: 'text',
    share: 'int4',
    producer: 'text',
    buckets: 'int4',
    cursor: 'jsonb',
    idle: 'float8',
  },
})`
  select subscription, share, producer, buckets, cursor, (extract(epoch from now() - moved_at) * 1000)::float8 as idle
  from subscription_shares
  order by subscription, share`

const unhandled = sql({
  name: 'events.find-unhandled',
  params: { subscription: 'text', tick: 'int8', ids: 'uuid[]' },
  row: { id: 'uuid' },
})`
  with known as materialized (
    select unnest(events) as event
    from handled_events
    where subscription = ${'subscription'}
      and tick > ${'tick'}
    union all
    select event
    from skipped_events
    where subscription = ${'subscription'}
    union all
    select event
    from dead_letters
    where subscription = ${'subscription'}
  )
  select id
  from unnest(${'ids'}) as given (id)
  where not exists (select from known where known.event = given.id)`

const parked = sql({
  name: 'events.find-parked',
  params: { subscription: 'text', streams: 'text[]' },
  row: { stream: 'text', version: 'int8', event: 'uuid' },
})`
  select stream, version, event
  from dead_letters
  where subscription = ${'subscription'}
    and stream = any(${'streams'})`

const letterOrder = sql({
  name: 'events.letter-order',
  params: { after: 'int8', limit: 'int4' },
  row: { id: 'int8', subscription: 'text', stream: 'text', version: 'int8', isBehind: 'bool' },
})`
  select id, subscription, stream, version, exists (
    select
    from dead_letters before
    where before.subscription = dead_letters.subscription
      and before.stream = dead_letters.stream
      and before.id < dead_letters.id
      and before.version > dead_letters.version
  ) as "isBehind"
  from dead_letters
  where id > ${'after'}
  order by id
  limit ${'limit'}`
