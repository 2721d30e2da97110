import { setTimeout as wait } from 'node:timers/promises'
import { isAppError } from '../../contract/app-error.ts'
import { overloaded, unknownOutcome } from '../../contract/kernel-errors.ts'
import type { Metrics } from '../../telemetry/index.ts'
import { sqlState } from '../database.ts'
import { deepFreeze } from './deep-freeze.ts'
import { blameOf } from './failures.ts'
import { Gatherer } from './gatherer.ts'
import { type QueueMeter, queueMeter } from './queue-meter.ts'

export interface GroupedOptions<Row, Result> {
  /** As in `posts.create`; names it in errors and metrics. */
  readonly name: string
  /** What the row is known by, made before it is sent; rows with one key in one group are merged. */
  readonly key: (row: Row) => string
  /**
   * The row that stands for two with one key; both callers get its result. Left out, rows with one key say the same and the first
   * stands. Undefined: they cannot be one, and the later goes in a later group.
   */
  readonly merge?: (waiting: Row, later: Row) => Row | undefined
  /**
   * Rows are sent in the order of this text (default: the key). All groups that touch the same rows must share it, or they deadlock. It
   * orders inserts; a statement that updates must still lock its rows in this order first (`select … order by … for update`).
   */
  readonly order?: (row: Row) => string
  /**
   * Writes the rows in one statement or transaction, with `on conflict do nothing`: a row may come twice. Returns a result for each row, in
   * their order; undefined for one that was there already, which is then read back.
   */
  readonly write: (rows: readonly Row[]) => Promise<readonly (Result | undefined)[]>
  /**
   * Finds what was written of these rows, by key: asked when the connection was lost before the answer. `repeat`: writing twice is writing
   * once, so all is simply sent again.
   */
  readonly readBack: ((rows: readonly Row[]) => Promise<ReadonlyMap<string, Result>>) | 'repeat'
  /** Rows at most in one group (default 200). */
  readonly maxRows?: number
  /** Groups at most at one time (default 2). */
  readonly inFlight?: number
  /** Rows at most that wait (default 5,000); more are refused with `overloaded`. */
  readonly maxWaiting?: number
  readonly metrics?: Metrics
}

/**
 * Turns the concurrent writes of a moment, across requests, into one statement and one commit. A row that PostgreSQL refuses is found by
 * halves and alone gets the error; deadlocks are tried again; after a lost connection the group is read back and only what is missing is
 * sent again, and when that cannot be done in 10 s each caller gets `unknown-outcome`.
 * @example
 * const create = grouped({ name: 'posts.create', key: post => post.id, write: posts => insertPosts(db, posts), readBack: posts => findPosts(db, posts) })
 * const created = await create({ id: newId('post', shardOf(authorId)), text })
 */
export function grouped<Row, Result>(options: GroupedOptions<Row, Result>): (row: Row) => Promise<Result> {
  const { key: keyOf, order: orderOf = keyOf, merge = (waiting: Row) => waiting } = options
  const meter = queueMeter(options.metrics, options.name)
  const gatherer = new Gatherer<string, Entry<Row, Result>>({
    name: options.name,
    maxSize: options.maxRows ?? 200,
    maxWaiting: options.maxWaiting ?? 5_000,
    inFlight: options.inFlight ?? 2,
    meter,
    send: entries => new Group(options, meter).send(entries.sort(byOrder)),
  })

  return row => {
    const key = keyOf(row)
    const waiting = gatherer.find(key)
    const merged = waiting && merge(waiting.row, row)
    if (waiting !== undefined && merged !== undefined) {
      waiting.row = merged
      return waiting.promise
    }
    try {
      gatherer.assertRoom()
    } catch (error) {
      return Promise.reject(error)
    }
    const entry = Promise.withResolvers<Result>() as Entry<Row, Result>
    entry.key = key
    entry.order = orderOf === keyOf ? key : orderOf(row)
    entry.row = row
    if (waiting === undefined) gatherer.add(key, entry)
    else gatherer.addLater(key, entry)
    return entry.promise
  }
}

interface Entry<Row, Result> extends PromiseWithResolvers<Result> {
  key: string
  order: string
  row: Row
}

type Entries<Row, Result> = readonly Entry<Row, Result>[]

const momentsAtMost = 8
const readBackFor = 10_000

/** One group on its way, until each of its rows has its result or its error. */
class Group<Row, Result> {
  readonly #options: GroupedOptions<Row, Result>
  readonly #meter: QueueMeter
  /** When to give up asking what became of it; undefined while no connection was lost. */
  #giveUpAt: number | undefined
  #losses = 0

  constructor(options: GroupedOptions<Row, Result>, meter: QueueMeter) {
    this.#options = options
    this.#meter = meter
  }

  async send(entries: Entries<Row, Result>, moments = 0): Promise<void> {
    let results: readonly (Result | undefined)[]
    try {
      results = await this.#options.write(entries.map(entry => entry.row))
      if (results.length !== entries.length)
        throw new Error(
          `${this.#options.name} wrote ${entries.length} rows and gave ${results.length} results`,
        )
    } catch (error) {
      await this.#recover(entries, moments, error)
      return
    }
    const there: Entry<Row, Result>[] = []
    for (let i = 0; i < entries.length; i++) {
      const result = results[i]
      if (result === undefined && this.#options.readBack !== 'repeat') there.push(entries[i]!)
      else entries[i]!.resolve(deepFreeze(result as Result))
    }
    if (there.length > 0) await this.#readBack(there, false)
  }

  async #recover(entries: Entries<Row, Result>, moments: number, error: unknown): Promise<void> {
    const blame = blameOf(error)
    if (blame === 'the moment' && moments < momentsAtMost) {
      this.#meter.retried()
      await wait(Math.random() * 5 * 2 ** moments)
      await this.send(entries, moments + 1)
    } else if (blame === 'a row' && entries.length > 1) {
      this.#meter.retried()
      const middle = entries.length >> 1
      await this.send(entries.slice(0, middle))
      await this.send(entries.slice(middle))
    } else if (blame === 'the connection' || (this.#giveUpAt !== undefined && isUnavailable(error))) {
      await this.#afterLoss(entries, error)
    } else {
      rejectAll(
        entries,
        isLocked(error) ? overloaded('Its row is being changed.', { retryAfter: 1 }, error) : error,
      )
    }
  }

  // The server may have done it, may be doing it still, or may be starting again.
  async #afterLoss(entries: Entries<Row, Result>, error: unknown): Promise<void> {
    this.#giveUpAt ??= Date.now() + readBackFor
    if (Date.now() >= this.#giveUpAt) {
      rejectAll(entries, nobodyTold(error))
      return
    }
    this.#meter.retried()
    await wait(Math.min(10 * 2 ** this.#losses++, 500))
    if (this.#options.readBack === 'repeat') await this.send(entries)
    else await this.#readBack(entries, true)
  }

  async #readBack(entries: Entries<Row, Result>, sendMissing: boolean): Promise<void> {
    const { name, readBack } = this.#options
    let found: ReadonlyMap<string, Result>
    try {
      found = await (readBack as (rows: readonly Row[]) => Promise<ReadonlyMap<string, Result>>)(
        entries.map(entry => entry.row),
      )
    } catch (error) {
      if (blameOf(error) !== 'all' || isUnavailable(error)) await this.#afterLoss(entries, error)
      else rejectAll(entries, sendMissing ? nobodyTold(error) : error)
      return
    }
    const missing: Entry<Row, Result>[] = []
    for (const entry of entries) {
      const result = found.get(entry.key)
      if (result === undefined) missing.push(entry)
      else entry.resolve(deepFreeze(result))
    }
    if (missing.length === 0) return
    if (sendMissing) await this.send(missing)
    else rejectAll(missing, new Error(`${name} neither wrote nor found ${missing.length} of its rows`))
  }
}

const byOrder = (a: { order: string }, b: { order: string }) =>
  a.order < b.order ? -1 : a.order > b.order ? 1 : 0

function rejectAll(entries: readonly { reject(error: unknown): void }[], error: unknown): void {
  for (const entry of entries) entry.reject(error)
}

const nobodyTold = (error: unknown) =>
  unknownOutcome('The database went away before it answered.', undefined, error)
const isUnavailable = (error: unknown) => isAppError(error) && error.category === 'unavailable'
const isLocked = (error: unknown) => blameOf(error) === 'the moment' || sqlState(error) === '55P03'
