import { sql, type Tx } from '../data/index.ts'
import { type EventCursor, rejoin, type TickPoint } from './cursor.ts'
import type { LogState } from './open-log.ts'
import { eventLogReplaced } from './operations.ts'

/** A run of the log that a subscriber remembers, and the last tick it saw in it. */
export interface RememberedRun {
  readonly branch: string
  readonly tick: number
}

export interface Resumed {
  readonly cursor: EventCursor
  /** The tick gone back to: events after it may have been handled already. */
  readonly wentBackTo: number | null
}

/**
 * Where a cursor goes on in the run that writes the log now. Throws `event-log-replaced` when its run is unknown here and none of the
 * remembered ones is known either.
 */
export async function resume(
  connection: Tx,
  state: LogState,
  cursor: EventCursor,
  remembered: readonly RememberedRun[] | undefined,
): Promise<Resumed> {
  const base = await findBase(connection, state, cursor, remembered)
  if (base === undefined) return { cursor, wentBackTo: null }
  const { cursor: rejoined, wentBack } = rejoin(cursor, state.branch, base)
  return { cursor: rejoined, wentBackTo: wentBack ? rejoined.from.tick : null }
}

async function findBase(
  connection: Tx,
  { branch, newest }: LogState,
  cursor: EventCursor,
  remembered: readonly RememberedRun[] | undefined,
): Promise<TickPoint | undefined> {
  // In the run that writes now, a tick that is not there was taken back under a living server: a machine was set back.
  if (cursor.branch === branch)
    return (cursor.batch?.to ?? cursor.from).tick > newest.tick ? newest : undefined
  const own = await baseAfter.maybe(connection, { branches: [cursor.branch], ticks: [maxTick] })
  if (own !== undefined) return own
  const runs = remembered ?? []
  const known = await baseAfter.maybe(connection, {
    branches: runs.map(run => run.branch),
    ticks: runs.map(run => run.tick),
  })
  if (known !== undefined) return known
  throw eventLogReplaced(
    `The log has no run ${cursor.branch}, and knows none of the ${runs.length} remembered ones.`,
  )
}

const maxTick = Number.MAX_SAFE_INTEGER

// The last tick that the newest run both know has in common with what came after it here. Old ticks may be trimmed: an earlier one will do.
const baseAfter = sql({
  name: 'events.base-after',
  params: { branches: 'text[]', ticks: 'int8[]' },
  row: { tick: 'int8', era: 'int4', snapshot: 'text', total: 'int8', high: 'int8' },
})`
  select ticks.tick, ticks.era, ticks.snapshot::text, ticks.total, ticks.high
  from (
    select least(
      run.tick,
      (select min(later.base_tick) from histories later where later.branch > histories.branch)
    ) as base
    from unnest(${'branches'}, ${'ticks'}) as run (token, tick)
    join histories on histories.token::text = run.token
    order by histories.branch desc
    limit 1
  ) common
  cross join lateral (
    select *
    from ticks
    where tick <= common.base
    order by tick desc
    limit 1
  ) ticks`
