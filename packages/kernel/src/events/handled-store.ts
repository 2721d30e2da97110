import { type Db, sql, type Tx, toUuid } from '../data/index.ts'
import type { RememberedRun } from './resume.ts'

/** From now on, what was handled after this tick is skipped when it comes again. */
export async function skipHandledAfter(tx: Tx, subscription: string, tick: number): Promise<void> {
  await skipHandled.run(tx, { subscription, tick })
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
