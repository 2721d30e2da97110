import type pg from 'pg'
import type { EventCursor } from './cursor.ts'
import { asTx } from './log-connection.ts'
import { readState } from './open-log.ts'
import { resume } from './resume.ts'

/** A month of a log: a partition of `events`, by its own name, as in `events_2026_11`. */
export interface LogMonth {
  readonly name: string
  /** The first moment after it. */
  readonly end: Date
}

/** The months of the log that `owner`, in the log's schema as the tables' owner, could give up, oldest first: those that are over. */
export async function listPastMonths(owner: pg.Client): Promise<readonly LogMonth[]> {
  const { rows } = await owner.query(
    `select relname as name, substring(pg_get_expr(relpartbound, pg_class.oid) from 'TO \\(''([^'']+)')::timestamptz as end
     from pg_inherits
     join pg_class on pg_class.oid = inhrelid
     where inhparent = 'events'::regclass
     order by 2`,
  )
  return (rows as LogMonth[]).filter(month => month.end.getTime() <= Date.now())
}

/** Writes a month's events, one JSON object a line in the order of their positions, to where they are kept. Returns how many. */
export async function archiveMonth(
  owner: pg.Client,
  month: string,
  write: (line: string) => Promise<void>,
): Promise<number> {
  const table = owner.escapeIdentifier(assertMonth(month))
  let count = 0
  for (let after = 0; ; ) {
    const { rows } = await owner.query(
      `select position, row_to_json(${table})::text as line from ${table} where position > $1 order by position limit 1000`,
      [after],
    )
    for (const { line } of rows) await write(`${line}\n`)
    count += rows.length
    if (rows.length < 1_000) return count
    after = Number(rows.at(-1).position)
  }
}

/**
 * Drops a month without stopping writers. Throws when it is not over, or when one of the cursors, which must be those of all subscribers
 * (`$eventCursors` of every service), has not yet passed all of it.
 */
export async function dropMonth(
  owner: pg.Client,
  month: string,
  cursors: readonly EventCursor[],
): Promise<void> {
  const table = owner.escapeIdentifier(assertMonth(month))
  const past = await listPastMonths(owner)
  if (!past.some(each => each.name === month))
    throw new Error(`${month} is no month of this log that is over`)
  for (const cursor of cursors) await assertPassed(owner, table, cursor)
  await owner.query(`set lock_timeout = '10s'`)
  const { rows } = await owner.query(
    `select inhdetachpending as half from pg_inherits where inhrelid = $1::regclass`,
    [table],
  )
  await owner.query(
    `alter table events detach partition ${table} ${rows[0]?.half ? 'finalize' : 'concurrently'}`,
  )
  await owner.query(`drop table ${table}`)
}

async function assertPassed(owner: pg.Client, table: string, cursor: EventCursor): Promise<void> {
  const on = asTx(owner)
  const state = await readState(on)
  if (state === undefined) throw new Error('The log is not open on this server')
  const { from } = (await resume(on, state, cursor, undefined)).cursor
  const { rows } = await owner.query(
    `select exists (
       select from ${table}
       where era > $1 or (era = $1 and not pg_visible_in_snapshot(xid, $2::pg_snapshot))
     ) as waiting`,
    [from.era, from.snapshot],
  )
  if (rows[0].waiting) throw new Error(`A subscriber at tick ${from.tick} has not passed all of ${table}`)
}

function assertMonth(name: string): string {
  if (!/^events_\d{4}_\d{2}$/.test(name))
    throw new Error(`${JSON.stringify(name)} is not the name of a month`)
  return name
}
