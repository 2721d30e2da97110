import { sql, type Tx } from '../data/index.ts'
import type { TickPoint } from './cursor.ts'
import { type LogState, readState } from './open-log.ts'
import { parseSnapshot } from './snapshot.ts'

/** What a ticker knows: the log's state, and the last snapshot it looked with; whatever that one saw is counted. */
export interface Examined extends LogState {
  readonly snapshot: string
}

export interface Look {
  /** Undefined: the log has to be opened first. */
  readonly examined: Examined | undefined
  /** Another ticker may have been first, or the log is another: look again. */
  readonly again: boolean
}

/**
 * Looks for events that no tick has yet, and writes the tick that shows them: one statement, one snapshot, in a transaction of its own
 * that writes no events. Without news it writes nothing, costs no transaction id and no WAL.
 * @see https://github.com/pgq/pgq, whose ticks these are
 */
export async function tick(connection: Tx, channel: string, known: Examined): Promise<Look> {
  const { newest } = known
  const { xmax, xip } = parseSnapshot(known.snapshot)
  const row = await look.one(connection, {
    xip,
    xmax,
    tick: newest.tick,
    era: newest.era,
    total: newest.total,
    high: newest.high,
    channel,
  })
  if (row.made) return { examined: afterTick(known, row.snapshot, row.found, row.high ?? 0), again: false }
  if (row.found === 0 && row.last === newest.tick) {
    return { examined: { ...known, snapshot: row.snapshot }, again: false }
  }
  return { ...(await follow(connection)), again: row.found > 0 }
}

/** Looks for ticks made elsewhere. */
export async function follow(connection: Tx): Promise<Look> {
  const state = await readState(connection)
  return { examined: state && { ...state, snapshot: state.newest.snapshot }, again: false }
}

function afterTick({ branch, newest }: Examined, snapshot: string, found: number, high: number): Examined {
  const made: TickPoint = {
    tick: newest.tick + 1,
    era: newest.era,
    snapshot,
    total: newest.total + found,
    high: Math.max(newest.high, high),
  }
  return { branch, newest: made, snapshot }
}

// The primary key lets one of two tickers in; both read tick n before they took the snapshot of n + 1.
const look = sql({
  name: 'events.tick',
  params: {
    xip: 'xid8[]',
    xmax: 'xid8',
    tick: 'int8',
    era: 'int4',
    total: 'int8',
    high: 'int8',
    channel: 'text',
  },
  row: { snapshot: 'text', found: 'int8', high: 'int8?', last: 'int8', made: 'bool' },
})`
  with seen as materialized (
    select pg_current_snapshot() as snapshot
  ), news as materialized (
    select count(*) as found, max(position) as high
    from (
      select events.position, events.era
      from seen
      cross join lateral (
        select position, era
        from events
        where xid = any(${'xip'})
          and pg_visible_in_snapshot(xid, seen.snapshot)
      ) events
      union all
      select events.position, events.era
      from seen
      cross join lateral (
        select position, era
        from events
        where xid >= ${'xmax'}
          and xid < pg_snapshot_xmax(seen.snapshot)
          and pg_visible_in_snapshot(xid, seen.snapshot)
      ) events
    ) fresh
    where era = ${'era'}
  ), made as (
    insert into ticks (tick, era, snapshot, total, high)
    select ${'tick'} + 1, log.era, seen.snapshot, ${'total'} + news.found, greatest(${'high'}, news.high)
    from log, seen, news
    where log.era = ${'era'}
      and log.started = pg_postmaster_start_time()
      and news.found > 0
    on conflict do nothing
    returning pg_notify(${'channel'}, tick::text)
  )
  select seen.snapshot::text, news.found, news.high, (select max(tick) from ticks) as last, exists (select from made) as made
  from seen, news`
