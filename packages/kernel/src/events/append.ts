import { newUuid, randomShard, sql, type Tx, toId, toUuid } from '../data/index.ts'
import type { NewEvent } from './event.ts'

/** What an event got when it was written. */
export interface AppendedEvent {
  readonly id: `event_${string}`
  readonly stream: string
  readonly version: number
}

/**
 * Writes events, in this order, in the caller's transaction: they happened if and only if it commits. The streams' rows stay locked until
 * then, so write events last. A hot grouped statement calls the SQL function `append_events` itself, and `db.committed()` afterwards.
 * @example
 * await db.transaction(async tx => {
 *   await editPost.run(tx, { id, text })
 *   await appendEvents(tx, [newEvent(posts, 'edited', authorId, { postId: id })])
 * })
 */
export async function appendEvents(tx: Tx, events: readonly NewEvent[]): Promise<readonly AppendedEvent[]> {
  if (events.length === 0) return []
  tx.wroteEvents()
  const rows = await append.all(tx, {
    ids: events.map(event => newUuid(shardOfStream(event.stream))),
    streams: events.map(event => event.stream),
    types: events.map(event => event.type),
    data: events.map(event => JSON.stringify(event.data)),
  })
  return rows.map(({ id, stream, version }) => ({ id: toId('event', id), stream, version }))
}

const append = sql({
  name: 'events.append',
  params: { ids: 'uuid[]', streams: 'text[]', types: 'text[]', data: 'jsonb[]' },
  row: { id: 'uuid', stream: 'text', version: 'int8' },
})`
  select id, stream, version
  from append_events(${'ids'}, ${'streams'}, ${'types'}, ${'data'})`

// An event lives where its stream lives.
function shardOfStream(stream: string): number {
  if (!/_[0-7][0-9a-hjkmnp-tv-z]{25}$/.test(stream)) return randomShard()
  return (Number.parseInt(toUuid(stream).slice(19, 23), 16) >> 4) & 0x3ff
}
