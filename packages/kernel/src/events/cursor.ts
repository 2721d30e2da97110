import Type, { type Static } from 'typebox'
import { Closed } from '../contract/schemas.ts'
import { isBefore, parseSnapshot } from './snapshot.ts'

/** A tick, with all that is needed to read from it or to it: ticks may be trimmed, cursors stay good. */
export const TickPoint = Closed({
  tick: Type.Integer({ minimum: 0 }),
  era: Type.Integer({ minimum: 1 }),
  snapshot: Type.String({ pattern: '^\\d+:\\d+:[\\d,]*$' }),
  /** Events up to this tick, all eras. */
  total: Type.Integer({ minimum: 0 }),
  /** The highest position up to this tick. */
  high: Type.Integer({ minimum: 0 }),
})
export type TickPoint = Static<typeof TickPoint>

/**
 * Where a subscriber is in a log; the producer keeps nothing of it. Everything up to the tick `from` is handled; of the open batch
 * (from, to], if there is one, everything up to the position `after`. `to` stays as it is until the batch is done.
 */
export const EventCursor = Closed({
  /** The run of the log (a row of `histories`) that `from` and `to` were read in. */
  branch: Type.String({ format: 'uuid' }),
  from: TickPoint,
  batch: Type.Optional(
    Closed({
      to: TickPoint,
      after: Type.Integer({ minimum: 0 }),
      /** Large batches: no event of the batch whose transaction began after `from` lies at or below this position. */
      floor: Type.Optional(Type.Integer({ minimum: 0 })),
    }),
  ),
})
export type EventCursor = Static<typeof EventCursor>
export type OpenCursor = EventCursor & { readonly batch: NonNullable<EventCursor['batch']> }

/** The cursor with a batch open: the one it has, or all up to `newest`. */
export function openBatch(cursor: EventCursor, newest: TickPoint): OpenCursor {
  if (cursor.batch !== undefined) return cursor as OpenCursor
  return { ...cursor, batch: { to: newest, after: 0 } }
}

/** The cursor once every event of the open batch up to this position is handled. */
export function afterPosition(cursor: OpenCursor, position: number): OpenCursor {
  return { ...cursor, batch: { ...cursor.batch, after: position } }
}

/** The cursor once the whole open batch is handled. */
export function afterBatch(cursor: OpenCursor): EventCursor {
  return { branch: cursor.branch, from: cursor.batch.to }
}

/** Cursors with the same place read the same events. */
export function placeOf({ branch, from, batch }: OpenCursor): string {
  return `${branch} ${from.era} ${from.snapshot} ${batch.to.snapshot} ${batch.after}`
}

/** At most how many events of the open batch are left. */
export const sizeOf = (cursor: OpenCursor) => cursor.batch.to.total - cursor.from.total

/**
 * Where a cursor goes on after its log went on from the tick `base` in another run: what it saw up to there is common to both, what it saw
 * later may be gone or come again. `wentBack` tells that events already handled may come again.
 */
export function rejoin(
  cursor: EventCursor,
  branch: string,
  base: TickPoint,
): { readonly cursor: EventCursor; readonly wentBack: boolean } {
  const { from, batch } = cursor
  if (from.tick > base.tick) return { cursor: { branch, from: base }, wentBack: true }
  if (batch === undefined || batch.to.tick <= base.tick)
    return { cursor: { ...cursor, branch }, wentBack: false }
  return { cursor: { branch, from }, wentBack: true }
}

/** The transactions that were open at the tick `from` and are not any more at `to`. */
export function finishedBetween(from: TickPoint, to: TickPoint): readonly string[] {
  const still = parseSnapshot(to.snapshot)
  const open = new Set(still.xip)
  return parseSnapshot(from.snapshot).xip.filter(xid => !open.has(xid) && isBefore(xid, still.xmax))
}
