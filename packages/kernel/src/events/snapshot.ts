/** A `pg_snapshot`: which transactions were over when it was taken. Ids are 64 bits, so they stay text. */
export interface Snapshot {
  readonly xmin: string
  /** The first id not yet given out. */
  readonly xmax: string
  /** Ids below `xmax` that were still open. */
  readonly xip: readonly string[]
}

/**
 * Reads PostgreSQL's text form, `xmin:xmax:xip,xip`.
 * @see https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT-PARTS
 */
export function parseSnapshot(text: string): Snapshot {
  const [xmin, xmax, list] = text.split(':')
  if (!xmin || !xmax || list === undefined) throw new Error(`${JSON.stringify(text)} is not a snapshot`)
  return { xmin, xmax, xip: list === '' ? [] : list.split(',') }
}

/** Whether transaction `a` got its id before `b`. */
export const isBefore = (a: string, b: string) => (a.length === b.length ? a < b : a.length < b.length)

/** Whether the transaction was committed or rolled back when the snapshot was taken. */
export function isOver(xid: string, snapshot: Snapshot): boolean {
  return isBefore(xid, snapshot.xmax) && !snapshot.xip.includes(xid)
}
