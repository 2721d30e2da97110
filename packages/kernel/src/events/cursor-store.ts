import { type Db, sql, type Tx, toUuid } from '../data/index.ts'
import type { EventCursor } from './cursor.ts'
import type { RememberedRun } from './resume.ts'

/** A subscription's cursor as stored; every move raises the revision. */
export interface StoredCursor {
  readonly cursor: EventCursor
  readonly revision: number
  /** Events may come a second time: what was handled is looked up. */
  readonly skips: boolean
}

export async function findCursor(db: Db, subscription: string): Promise<StoredCursor | undefined> {
  const row = await find.maybe(db, { subscription })
  return row && { ...row, cursor: row.cursor as EventCursor }
}

/** Stores the first cursor, unless another process did. */
export async function createCursor(
  db: Db,
  subscription: string,
  producer: string,
  cursor: EventCursor,
): Promise<void> {
  await create.run(db, { subscription, producer, cursor: JSON.stringify(cursor) })
}

/**
 * Moves the cursor in the transaction that holds the effect of these events, and remembers them. Undefined: another process moved it, so roll
 * back. Else whether the subscription has dead letters.
 */
export async function moveCursor(
  tx: Tx,
  subscription: string,
  revision: number,
  cursor: EventCursor,
  handled: { readonly batch: EventCursor; readonly ids: readonly string[] },
): Promise<{ readonly parked: boolean } | undefined> {
  const { batch, from } = handled.batch
  return move.maybe(tx, {
    subscription,
    revision,
    cursor: JSON.stringify(cursor),
    branch: handled.batch.branch,
    tick: (batch?.to ?? from).tick,
    events: handled.ids.map(toUuid),
  })
}

/** Moves the cursor back to `tick`; what was handled since is skipped when it comes again. False: another process moved it. */
export function moveCursorBack(
  db: Db,
  subscription: string,
  revision: number,
  cursor: EventCursor,
  tick: number,
): Promise<boolean> {
  return db.transaction(async tx => {
    const nothing = { batch: cursor, ids: [] }
    if ((await moveCursor(tx, subscription, revision, cursor, nothing)) === undefined) return false
    await skipHandled.run(tx, { subscription, tick })
    return true
  })
}

/** Which of these events were handled before the log's past was replaced. */
export async function findSkipped(
  tx: Tx,
  subscription: string,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await skipped.all(tx, { subscription, events: ids.map(toUuid) })
  return new Set(rows.map(row => row.event))
}

export async function rememberedRuns(db: Db, subscription: string): Promise<readonly RememberedRun[]> {
  return remembered.all(db, { subscription })
}

/** Forgets what was handled more than a week ago: far longer than any prepared transaction may stay open. */
export async function forgetHandled(db: Db): Promise<void> {
  await forget.run(db, { days: 7 })
  await forgetSkipped.run(db, { days: 7 })
}

const find = sql({
  name: 'events.find-cursor',
  params: { subscription: 'text' },
  row: { cursor: 'jsonb', revision: 'int8', skips: 'bool' },
})`
  select cursor, revision, exists (select from skipped_events where subscription = ${'subscription'}) as skips
  from cursors
  where subscription = ${'subscription'}`

const create = sql({
  name: 'events.create-cursor',
  params: { subscription: 'text', producer: 'text', cursor: 'jsonb' },
})`
  insert into cursors (subscription, producer, cursor)
  values (${'subscription'}, ${'producer'}, ${'cursor'})
  on conflict do nothing`

const move = sql({
  name: 'events.move-cursor',
  params: {
    subscription: 'text',
    revision: 'int8',
    cursor: 'jsonb',
    branch: 'uuid',
    tick: 'int8',
    events: 'uuid[]',
  },
  row: { parked: 'bool' },
})`
  with moved as (
    update cursors
    set cursor = ${'cursor'}, revision = revision + 1, moved_at = now()
    where subscription = ${'subscription'}
      and revision = ${'revision'}
    returning subscription
  ), remembered as (
    insert into handled_events (subscription, branch, tick, events)
    select subscription, ${'branch'}, ${'tick'}, ${'events'}
    from moved
    where cardinality(${'events'}) > 0
  )
  select exists (select from dead_letters where subscription = ${'subscription'}) as parked
  from moved`

const skipHandled = sql({ name: 'events.skip-handled', params: { subscription: 'text', tick: 'int8' } })`
  insert into skipped_events (subscription, event)
  select subscription, unnest(events)
  from handled_events
  where subscription = ${'subscription'}
    and tick > ${'tick'}
  on conflict (subscription, event) do update set at = excluded.at`

const skipped = sql({
  name: 'events.find-skipped',
  params: { subscription: 'text', events: 'uuid[]' },
  row: { event: 'uuid' },
})`
  select event
  from skipped_events
  where subscription = ${'subscription'}
    and event = any(${'events'})`

const remembered = sql({
  name: 'events.remembered-runs',
  params: { subscription: 'text' },
  row: { branch: 'text', tick: 'int8' },
})`
  select branch::text, max(tick) as tick
  from handled_events
  where subscription = ${'subscription'}
  group by branch
  order by max(at) desc
  limit 1000`

const forget = sql({ name: 'events.forget-handled', params: { days: 'int4' } })`
  delete from handled_events
  where at < now() - make_interval(days => ${'days'})`

const forgetSkipped = sql({ name: 'events.forget-skipped', params: { days: 'int4' } })`
  delete from skipped_events
  where at < now() - make_interval(days => ${'days'})`
