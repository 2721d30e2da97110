import { SpanKind } from '@opentelemetry/api'
import pg from 'pg'
import { overloaded, unavailable, unknownOutcome } from '../contract/kernel-errors.ts'
import { isTracingOn, traced } from '../telemetry/tracing.ts'
import { type AnswerVault, answerVault } from './idempotency/answer-vault.ts'
import { typeParsers } from './pg-types.ts'

interface Executor {
  /** Runs a named prepared statement. Statements made by `sql` call this; nothing else should. */
  execute(name: string, text: string, values: readonly unknown[]): Promise<pg.QueryResult>
}

/** A service's own database: its schema, under its own role. */
export interface Db extends Executor {
  readonly kind: 'db'
  /** The service's schema. */
  readonly schema: string
  /**
   * Runs `work` in one transaction (read committed) and commits. What `work` throws rolls back. A connection lost while
   * committing throws `unknown-outcome`. No remote call belongs inside.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  /** Says that events were committed outside `transaction`, so that the ticker ticks within 5 ms. Losing the hint costs time, no event. */
  committed(): void
  /** Hears of commits that wrote events: the service's ticker listens. */
  onCommitted(listener: () => void): void
  /** Hears that the server refused events because nobody has yet checked whether the log is still its own: the service's log opens it. */
  onRefused(listener: () => void): void
  /** A connection of one's own, outside the pool: for LISTEN, tickers and log readers. */
  connect(settings?: Readonly<Record<string, string>>): Promise<pg.Client>
  /** Keeps answers to idempotency keys. Throws when the database was opened without a secret. */
  readonly vault: AnswerVault
  /** What waits for a connection, and what there is. */
  readonly pool: { readonly total: number; readonly idle: number; readonly waiting: number }
  /** Resolves when the database answers within 2 s. */
  ping(): Promise<void>
  close(): Promise<void>
}

/** An open transaction. Functions that need one ask for it by this type. */
export interface Tx extends Executor {
  readonly kind: 'tx'
  /** `appendEvents` says that this transaction wrote events; once it has committed, the ticker is told. */
  wroteEvents(): void
  /** Runs `work` as the last of this transaction: what many handlers of one transaction add up is written once. What it throws rolls back. */
  beforeCommit(work: () => Promise<void>): void
  /** Calls back once it has committed: for hints to this process; a crash loses them. */
  afterCommit(callback: () => void): void
}

export interface DatabaseOptions {
  /** `postgres://role:password@host:port/database`. */
  readonly url: string
  readonly schema: string
  /** `PLAZA_SECRET`, for what is kept of requests with an Idempotency-Key. */
  readonly secret?: string
  /** Connections at most (default 3: coalesced, a pool of 2 is as fast as one of 10). */
  readonly connections?: number
  /** Statements and transactions at most that wait for a connection (default 1,000); more are refused with `overloaded`. */
  readonly maxWaiting?: number
  /** False behind a pooler in transaction mode that cannot keep prepared statements. */
  readonly prepared?: boolean
  /** Hears of connections that died while idle; a query on a dead connection fails on its own. */
  readonly onError?: (error: Error) => void
}

/** Opens a pool. No connection is made before the first query. */
export function openDatabase(options: DatabaseOptions): Db {
  const client: pg.ClientConfig = {
    connectionString: options.url,
    application_name: `plaza ${options.schema}`,
    options: `-c search_path=${options.schema}`,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    types: typeParsers,
  }
  const pool = new pg.Pool({ ...client, max: options.connections ?? 3, idleTimeoutMillis: 0, min: 0 })
  // The pool does not wait for its goodbyes: a server that is stopped right after it cuts connections that end anyway.
  let isClosing = false
  const lost = (error: Error) => {
    if (!isClosing) options.onError?.(error)
  }
  pool.on('error', lost)
  // A server's goodbye may lie in the same packet as its greeting: it is read before whoever waits for the connection can listen, and
  // an 'error' that nobody listens to ends the process. The first statement on such a connection fails by itself.
  pool.on('connect', connection => connection.on('error', () => {}))
  const vault = options.secret === undefined ? undefined : answerVault(options.secret)
  let committed = () => {}
  let refused = () => {}
  const passOn = (fail: (error: unknown) => never) => (error: unknown) => {
    if (isFenceRefusal(error)) {
      refused()
      throw unavailable('The event log is being opened on this server.', { retryAfter: 1 }, error)
    }
    return fail(error)
  }
  const { maxWaiting = 1_000 } = options
  const busy = (cause?: unknown) =>
    overloaded(`Every connection of ${options.schema} is busy.`, { retryAfter: 1 }, cause)
  const rethrowUnconnected = (error: unknown) => rethrow(isPatienceOver(error) ? busy(error) : error)
  const named = options.prepared ?? true
  const query: RunQuery = (on, name, text, values) =>
    on.query(named ? { name, text, values: values as unknown[] } : { text, values: values as unknown[] })
  const run = isTracingOn() ? inSpans(query) : query

  return {
    kind: 'db',
    schema: options.schema,
    execute: (name, text, values) => {
      if (pool.waitingCount >= maxWaiting) return Promise.reject(busy())
      return run(pool, name, text, values).catch(
        passOn(error => (isPatienceOver(error) ? rethrowUnconnected(error) : rethrowSent(error))),
      )
    },
    transaction: async work => {
      if (pool.waitingCount >= maxWaiting) throw busy()
      const connection = await pool.connect().catch(rethrowUnconnected)
      let broken: Error | undefined
      const lost = (error: Error) => {
        broken = error
      }
      connection.on('error', lost)
      let wroteEvents = false
      const callbacks: (() => void)[] = []
      const lastWorks: (() => Promise<void>)[] = []
      try {
        await connection.query('begin').catch(rethrow)
        const result = await work({
          kind: 'tx',
          wroteEvents: () => {
            wroteEvents = true
          },
          beforeCommit: lastWork => lastWorks.push(lastWork),
          afterCommit: callback => callbacks.push(callback),
          execute: (name, text, values) => run(connection, name, text, values).catch(passOn(rethrow)),
        })
        for (const lastWork of lastWorks) await lastWork()
        await commit(connection)
        if (wroteEvents) committed()
        for (const callback of callbacks) callback()
        return result
      } catch (error) {
        if (!isConnectionLoss(error)) await connection.query('rollback').catch(lost)
        else broken ??= error as Error
        throw error
      } finally {
        connection.off('error', lost)
        connection.release(broken)
      }
    },
    committed: () => committed(),
    onCommitted: listener => {
      committed = listener
    },
    onRefused: listener => {
      refused = listener
    },
    connect: async settings => {
      const own = new pg.Client({ ...client, options: `${client.options}${flags(settings)}` })
      own.on('error', lost)
      await own.connect()
      return own
    },
    get vault() {
      if (vault === undefined)
        throw new Error(
          `The database of ${options.schema} was opened without a secret: it cannot keep answers`,
        )
      return vault
    },
    get pool() {
      return { total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }
    },
    ping: () => ping(pool),
    close: () => {
      isClosing = true
      return pool.end()
    },
  }
}

/** The SQLSTATE of a failure that PostgreSQL itself reported: proof that the statement was rolled back. */
export function sqlState(error: unknown): string | undefined {
  if (error instanceof pg.DatabaseError) return error.code
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof pg.DatabaseError ? cause.code : undefined
}

/** The constraint that refused a row, when `error` is such a refusal. */
export function violatedConstraint(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError && error.code?.startsWith('23') ? error.constraint : undefined
}

// `events.era` has no default and allows no null: `append_events` finds none on a server whose log was not opened.
function isFenceRefusal(error: unknown): boolean {
  return (
    error instanceof pg.DatabaseError &&
    error.code === '23502' &&
    error.column === 'era' &&
    error.table?.startsWith('events') === true
  )
}

/** Whether the connection went away, so that nobody told us what became of the statement. */
export function isConnectionLoss(error: unknown): boolean {
  const state = sqlState(error)
  if (state !== undefined) return shutdownStates.has(state)
  if (!(error instanceof Error)) return false
  const code = (error as NodeJS.ErrnoException).code ?? ''
  return (
    connectionCodes.has(code) ||
    lossMessages.test(error.message) ||
    (error.cause !== undefined && isConnectionLoss(error.cause))
  )
}

// admin_shutdown, crash_shutdown, cannot_connect_now: told by a server that goes down
const shutdownStates = new Set(['57P01', '57P02', '57P03'])
const connectionCodes = new Set(['ECONNRESET', 'EPIPE', 'ECONNREFUSED', 'ENOENT', 'ETIMEDOUT', 'ENOTFOUND'])
const lossMessages =
  /Connection terminated|connection timeout|timeout expired|Client has encountered a connection error|not queryable|Cannot use a pool/

// The pool had no connection free for `connectionTimeoutMillis`.
function isPatienceOver(error: unknown): boolean {
  return error instanceof Error && error.message === 'timeout exceeded when trying to connect'
}

type RunQuery = (
  on: pg.Pool | pg.PoolClient,
  name: string,
  text: string,
  values: readonly unknown[],
) => Promise<pg.QueryResult>

// A span carries the statement's name, never its values. A coalesced one belongs to whoever sent it.
function inSpans(query: RunQuery): RunQuery {
  return (on, name, text, values) =>
    traced(name, SpanKind.CLIENT, undefined, () => query(on, name, text, values))
}

async function ping(pool: pg.Pool): Promise<void> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error('The database did not answer within 2 s')), 2_000)
  try {
    await Promise.race([pool.query('select 1'), late.promise])
  } finally {
    clearTimeout(timer)
  }
}

async function commit(connection: pg.PoolClient): Promise<void> {
  try {
    const result = await connection.query('commit')
    // COMMIT of a failed transaction succeeds, and says ROLLBACK.
    if (result.command !== 'COMMIT') throw new Error('The transaction was rolled back by an earlier error')
  } catch (error) {
    if (isConnectionLoss(error))
      throw unknownOutcome('The database went away during the commit.', undefined, error)
    throw error
  }
}

function rethrow(error: unknown): never {
  if (isConnectionLoss(error)) throw unavailable('The database is not available.', { retryAfter: 1 }, error)
  throw error
}

// A statement outside a transaction commits by itself: once it was sent, silence proves nothing. Dispatching a query turns this into `unavailable`.
function rethrowSent(error: unknown): never {
  if (isConnectionLoss(error) && !isRefusal(error)) {
    throw unknownOutcome('The database went away before it answered.', undefined, error)
  }
  rethrow(error)
}

// No connection was had, so nothing was sent.
function isRefusal(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  return notSentCodes.has(code) || (error instanceof Error && notSentMessages.test(error.message))
}

const notSentMessages = /connection timeout|timeout expired|Cannot use a pool/
const notSentCodes = new Set(['ECONNREFUSED', 'ENOENT', 'ENOTFOUND', '57P03'])

function flags(settings: Readonly<Record<string, string>> = {}): string {
  return Object.entries(settings)
    .map(([name, value]) => ` -c ${name}=${value}`)
    .join('')
}
