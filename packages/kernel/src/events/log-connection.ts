import type pg from 'pg'
import type { Db, Tx } from '../data/index.ts'

/** A connection of the log's own: for ticks, news and reading. */
export interface LogConnection extends AsyncDisposable {
  readonly on: Tx
  /** Resolves when it is gone, for whatever reason. */
  readonly lost: Promise<void>
  /** Milliseconds since the server said anything, while a statement waits for its answer; else 0. */
  silentFor(): number
  /** Hears the payloads sent to a channel. */
  listen(channel: string, hear: (payload: string) => void): Promise<void>
  /** Ends it at once, whatever it is doing. */
  destroy(): void
}

/**
 * Plans must follow the indexes whatever the statistics say: left alone, the planner sorts a whole batch for each page (1.4–5 s), and JIT
 * costs 167 ms a tick on PostgreSQL 15. A tick is flushed before anybody sees it, so what it shows is durable.
 */
export const logSettings = {
  jit: 'off',
  enable_seqscan: 'off',
  enable_bitmapscan: 'off',
  enable_sort: 'off',
  max_parallel_workers_per_gather: '0',
  plan_cache_mode: 'force_generic_plan',
  synchronous_commit: 'on',
}

export async function connectToLog(
  db: Db,
  settings: Readonly<Record<string, string>> = {},
): Promise<LogConnection> {
  const client = await db.connect({ ...logSettings, ...settings })
  let pending = 0
  let heardAt = 0
  const lost = new Promise<void>(resolve => {
    client.once('end', resolve)
    client.once('error', () => resolve())
  })
  const { stream } = (client as unknown as { connection: { stream: { destroy(): void } } }).connection
  // One statement at a time: a connection has no queue of its own.
  let last: Promise<unknown> = Promise.resolve()
  const execute = (name: string, text: string, values: readonly unknown[]): Promise<pg.QueryResult> => {
    if (pending++ === 0) heardAt = performance.now()
    const send = () => client.query({ name, text, values: values as unknown[] })
    const result = last.then(send, send).finally(() => {
      pending--
      heardAt = performance.now()
    })
    last = result
    return result
  }
  return {
    on: { kind: 'tx', wroteEvents: () => {}, beforeCommit: () => {}, afterCommit: () => {}, execute },
    lost,
    silentFor: () => (pending === 0 ? 0 : performance.now() - heardAt),
    listen: async (channel, hear) => {
      client.on('notification', message => {
        if (message.channel === channel) hear(message.payload ?? '')
      })
      await client.query(`listen ${client.escapeIdentifier(channel)}`)
    },
    destroy: () => stream.destroy(),
    [Symbol.asyncDispose]: async () => {
      if (pending > 0) stream.destroy()
      else await client.end().catch(() => {})
    },
  }
}

/** A connection for statements; each commits by itself. */
export function asTx(client: pg.Client): Tx {
  return {
    kind: 'tx',
    wroteEvents: () => {},
    beforeCommit: () => {
      throw new Error('Nothing is committed later: each statement commits by itself')
    },
    afterCommit: () => {},
    execute: (name, text, values) => client.query({ name, text, values: values as unknown[] }),
  }
}
