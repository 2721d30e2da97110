import type { Db } from '../data/index.ts'
import { sql } from '../data/index.ts'
import type { Handler } from '../service/service.ts'
import type { Logger, Metrics } from '../telemetry/index.ts'
import type { EventCursor } from './cursor.ts'
import { logState } from './log-state.ts'
import type { LogStateView } from './operations.ts'
import { type Pulled, Puller, type PullInput, type PullSource } from './pull.ts'
import { SideConnection } from './side-connection.ts'
import { Ticker } from './ticker.ts'

export interface EventLogKit {
  readonly service: string
  readonly db: Db
  readonly log: Logger
  readonly metrics: Metrics
  /** False: this process only reads the log, others tick (default true). */
  readonly ticks?: boolean
}

/** One service's log, as one process serves it. */
export interface EventLog {
  /** Answers `$pullEvents`, `$logState` and `$eventCursors`. */
  readonly handlers: {
    readonly $pullEvents: (input: PullInput) => Promise<Pulled>
    readonly $logState: Handler<object, LogStateView>
    readonly $eventCursors: Handler<object, unknown>
  }
  /** Draining: pulls that wait are answered at once, and no more are taken. */
  drain(): void
  /** Once nothing is written any more: ticks a last time and closes its connections. */
  stop(): Promise<void>
}

/**
 * Opens the service's log on this server and ticks for what this process commits. Nothing may write events before it returns. Throws when
 * the database is out of reach or a standby; later it reconnects by itself.
 */
export async function startEventLog({
  service,
  db,
  log,
  metrics,
  ticks = true,
}: EventLogKit): Promise<EventLog> {
  const waiting = new Set<() => void>()
  const wakeAll = () => {
    for (const wake of waiting) wake()
  }
  const seen = metrics.counter('plaza_event_ticks_total', 'Ticks this process made or heard of', ['service'])
  const ticked = seen.labels(service)
  const ticker = new Ticker({
    db,
    log,
    ticks,
    onTick: live => {
      if (live !== undefined) ticked.inc()
      wakeAll()
    },
  })
  const side = new SideConnection(db)
  let draining = false
  const source: PullSource = {
    get live() {
      return ticker.live
    },
    get draining() {
      return draining
    },
    side,
    untilNews: ms =>
      new Promise(resolve => {
        const wake = () => {
          clearTimeout(timer)
          waiting.delete(wake)
          resolve()
        }
        const timer = setTimeout(wake, ms)
        waiting.add(wake)
      }),
  }
  const puller = new Puller(source)
  await ticker.start()
  return {
    handlers: {
      $pullEvents: input => puller.pull(input),
      $logState: () => logState(db),
      $eventCursors: async () =>
        (await listCursors.all(db, {})).map(({ cursor, movedAt, ...rest }) => ({
          ...rest,
          cursor: cursor as EventCursor,
          movedAt: movedAt.toISOString(),
        })),
    },
    drain: () => {
      draining = true
      wakeAll()
    },
    stop: async () => {
      draining = true
      wakeAll()
      await ticker.stop()
      await side.close()
    },
  }
}

const listCursors = sql({
  name: 'events.list-cursors',
  row: { subscription: 'text', producer: 'text', cursor: 'jsonb', movedAt: 'timestamptz' },
})`
  select subscription, producer, cursor, moved_at as "movedAt"
  from subscription_shares
  order by subscription, share`
