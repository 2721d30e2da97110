import { sql, type Tx, toId } from '../data/index.ts'
import {
  afterBatch,
  afterPosition,
  type EventCursor,
  finishedBetween,
  type OpenCursor,
  sizeOf,
} from './cursor.ts'
import type { PulledEvent } from './operations.ts'
import { parseSnapshot } from './snapshot.ts'

export interface BatchPage {
  readonly events: readonly PulledEvent[]
  /** The batch the events lie in. */
  readonly batch: OpenCursor
  /** The place after them. */
  readonly cursor: EventCursor
}

/** Reads the next events of an open batch, by position: a small batch whole, a large one page by page. */
export async function readPage(connection: Tx, cursor: OpenCursor, limit: number): Promise<BatchPage> {
  const { from } = cursor
  const { to } = cursor.batch
  const lower = parseSnapshot(from.snapshot)
  const upper = parseSnapshot(to.snapshot)
  const span = {
    finished: finishedBetween(from, to),
    xmaxFrom: lower.xmax,
    xmaxTo: upper.xmax,
    era: from.era,
    limit,
  }
  if (sizeOf(cursor) < limit) {
    const rows = await readSmall.all(connection, { ...span, xipTo: upper.xip, after: cursor.batch.after })
    return pageOf(cursor, rows, limit)
  }
  const floor = cursor.batch.floor ?? (await findFloor(connection, cursor))
  const rows = await readLarge.all(connection, {
    finished: span.finished,
    after: cursor.batch.after,
    floor,
    high: to.high,
    from: from.snapshot,
    to: to.snapshot,
    era: from.era,
    limit,
  })
  return pageOf({ ...cursor, batch: { ...cursor.batch, floor } }, rows, limit)
}

// Positions below it were handled, but for those of transactions that were open: without it each page would walk over all of them again.
async function findFloor(connection: Tx, { from, batch }: OpenCursor): Promise<number> {
  if (from.total === 0) return 0
  const upper = parseSnapshot(batch.to.snapshot)
  const row = await lowest.one(connection, {
    xmaxFrom: parseSnapshot(from.snapshot).xmax,
    xmaxTo: upper.xmax,
    xipTo: upper.xip,
    era: from.era,
  })
  return Math.max(0, (row.lowest ?? batch.to.high + 1) - 1)
}

type EventRow = Awaited<ReturnType<typeof readSmall.all>>[number]

function pageOf(batch: OpenCursor, rows: readonly EventRow[], limit: number): BatchPage {
  const events = rows.map(row => ({ ...row, id: toId('event', row.id) }))
  const last = events.at(-1)
  const done = rows.length < limit || last === undefined
  return { events, batch, cursor: done ? afterBatch(batch) : afterPosition(batch, last.position) }
}

const row = {
  position: 'int8',
  id: 'uuid',
  type: 'text',
  stream: 'text',
  version: 'int8',
  data: 'jsonb',
  at: 'int8',
} as const

// `position + 0`: an empty month's plan, made by position, would still be there when the month has filled.
const readSmall = sql({
  name: 'events.read-small',
  params: {
    finished: 'xid8[]',
    xmaxFrom: 'xid8',
    xmaxTo: 'xid8',
    xipTo: 'xid8[]',
    after: 'int8',
    era: 'int4',
    limit: 'int4',
  },
  row,
})`
  select position, id, type, stream, version, data, floor(extract(epoch from at) * 1000)::int8 as at
  from (
    select position, id, type, stream, version, data, at
    from events
    where xid = any(${'finished'})
      and position + 0 > ${'after'}
      and era = ${'era'}
    union all
    select position, id, type, stream, version, data, at
    from events
    where xid >= ${'xmaxFrom'}
      and xid < ${'xmaxTo'}
      and not xid = any(${'xipTo'})
      and position + 0 > ${'after'}
      and era = ${'era'}
  ) batch
  order by position
  limit ${'limit'}`

const readLarge = sql({
  name: 'events.read-large',
  params: {
    finished: 'xid8[]',
    after: 'int8',
    floor: 'int8',
    high: 'int8',
    from: 'pg_snapshot',
    to: 'pg_snapshot',
    era: 'int4',
    limit: 'int4',
  },
  row,
})`
  select position, id, type, stream, version, data, floor(extract(epoch from at) * 1000)::int8 as at
  from (
    (
      select late.*
      from unnest(${'finished'}) as finished (xid)
      cross join lateral (
        select position, id, type, stream, version, data, at
        from events
        where events.xid = finished.xid
          and position > ${'after'}
          and era = ${'era'}
        order by events.xid, position
        limit ${'limit'}
      ) late
    )
    union all
    (
      select position, id, type, stream, version, data, at
      from events
      where position > greatest(${'after'}, ${'floor'})
        and position <= ${'high'}
        and pg_visible_in_snapshot(xid, ${'to'})
        and not pg_visible_in_snapshot(xid, ${'from'})
        and not xid = any(${'finished'})
        and era = ${'era'}
      order by position
      limit ${'limit'}
    )
  ) batch
  order by position
  limit ${'limit'}`

// `offset 0`: else the planner may walk the primary key from its beginning to find the least position.
const lowest = sql({
  name: 'events.lowest-position',
  params: { xmaxFrom: 'xid8', xmaxTo: 'xid8', xipTo: 'xid8[]', era: 'int4' },
  row: { lowest: 'int8?' },
})`
  select min(position) as lowest
  from (
    select position
    from events
    where xid >= ${'xmaxFrom'}
      and xid < ${'xmaxTo'}
      and not xid = any(${'xipTo'})
      and era = ${'era'}
    offset 0
  ) batch`
