import { type Db, sql, type Tx } from '../data/index.ts'
import type { TickPoint } from './cursor.ts'

/** What a log is at: the run that writes it and its newest tick. */
export interface LogState {
  readonly branch: string
  readonly newest: TickPoint
}

/**
 * Checks that this server holds the past the log was written on, and otherwise begins a new run: a branch after a restart or a promotion, an
 * era too after a move to another server. Nothing is appended or ticked before. Throws on a standby.
 */
export async function openLog(on: Db | Tx): Promise<LogState> {
  await makeMonths.run(on, {})
  await open.run(on, { force: false })
  const state = await readState(on)
  if (state === undefined)
    throw new Error('The event log was opened, and yet is not open: did the server restart?')
  return state
}

/**
 * Begins a new era on this server: for an operator who restored an older dump over a database whose server went on running, which nothing
 * can notice. Waits (up to `lock_timeout`) for transactions that write events, prepared ones too.
 */
export async function forceNewEra(on: Db): Promise<{ readonly era: number }> {
  await makeMonths.run(on, {})
  await open.run(on, { force: true })
  const state = await readState(on)
  return { era: state?.newest.era ?? 0 }
}

/** The log's state; undefined while nobody has opened it on this server. */
export async function readState(on: Db | Tx): Promise<LogState | undefined> {
  const row = await state.maybe(on, {})
  if (row === undefined) return undefined
  const { branch, ...newest } = row
  return { branch, newest }
}

const makeMonths = sql({ name: 'events.make-months' })`
  select make_event_months()`

const open = sql({ name: 'events.open-log', params: { force: 'bool' } })`
  select open_log(${'force'})`

const state = sql({
  name: 'events.state',
  row: { branch: 'text', tick: 'int8', era: 'int4', snapshot: 'text', total: 'int8', high: 'int8' },
})`
  select histories.token::text as branch, ticks.tick, ticks.era, ticks.snapshot::text, ticks.total, ticks.high
  from log
  join histories using (branch)
  cross join lateral (select * from ticks order by tick desc limit 1) ticks
  where log.started = pg_postmaster_start_time()`
