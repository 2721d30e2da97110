import { type Db, type Tx, toUuid } from '../data/index.ts'
import type { Logger } from '../telemetry/index.ts'
import { afterPosition, type EventCursor, type OpenCursor } from './cursor.ts'
import {
  createCursor,
  findCursor,
  findSkipped,
  moveCursor,
  moveCursorBack,
  rememberedRuns,
  type StoredCursor,
} from './cursor-store.ts'
import { Doorbell } from './doorbell.ts'
import type { AnyEvent, SharedSubscription } from './event.ts'
import type { Lag } from './lag.ts'
import { park, streamsWithLetters } from './letter-store.ts'
import type { PulledEvent } from './operations.ts'
import type { Pulled } from './pull.ts'
import { eventOf, type PullerOf, pageSize } from './puller-of.ts'
import { isPassing, passingPause, pauses } from './retry.ts'

const saveIdleEvery = 5_000

/** Runs one shared subscription in this process. Others may run it too: whoever moves the cursor first has the effect. */
export class SharedRunner {
  readonly #subscription: SharedSubscription
  readonly #db: Db
  readonly #puller: PullerOf
  readonly #lag: Lag
  readonly #log: Logger
  readonly #bell = new Doorbell()
  readonly #ended: Promise<void>
  #stopped = false
  #stored: StoredCursor | undefined
  /** Where it is: past the stored cursor when only events of no concern came since. */
  #cursor: EventCursor | undefined
  #savedAt = 0
  #replaced = false

  constructor(subscription: SharedSubscription, db: Db, puller: PullerOf, lag: Lag, log: Logger) {
    this.#subscription = subscription
    this.#db = db
    this.#puller = puller
    this.#lag = lag
    this.#log = log
    this.#ended = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#puller.abandon()
    this.#bell.ring()
    await this.#ended
  }

  async #run(): Promise<void> {
    let failures = 0
    while (!this.#stopped) {
      try {
        await this.#step()
        failures = 0
      } catch (error) {
        this.#stored = undefined // whatever became of it, the table knows
        const pause = this.#pauseAfter(error, ++failures)
        await this.#bell.sleep(pause)
      }
    }
    await this.#save().catch(error =>
      this.#log.debug({ err: error }, 'The place reached was not saved: it is read again'),
    )
  }

  #pauseAfter(error: unknown, failures: number): number {
    if (error instanceof CursorMoved) return 200 + 200 * Math.random()
    const replaced = (error as { code?: unknown }).code === 'event-log-replaced'
    if (replaced && !this.#replaced) {
      this.#replaced = true
      return 0
    }
    const level = replaced ? 'error' : failures === 1 ? 'warn' : 'debug'
    this.#log[level](
      { err: error, subscription: this.#subscription.name },
      'A subscription stands still: trying again',
    )
    return replaced ? 60_000 : passingPause(failures)
  }

  async #step(): Promise<void> {
    this.#stored ??= await this.#load()
    const stored = this.#stored
    if (stored === undefined) return
    this.#cursor ??= stored.cursor
    const remembered = this.#replaced
      ? [...(await rememberedRuns(this.#db, this.#subscription.name))]
      : undefined
    const pulled = await this.#puller.next({ cursor: this.#cursor, ...(remembered && { remembered }) })
    if (pulled === undefined) return
    this.#replaced = false
    if (pulled.wentBackTo !== null) return this.#goBack(stored, pulled, pulled.wentBackTo)
    if (pulled.events.length > 0) await this.#handle(stored, pulled)
    this.#cursor = pulled.cursor
    if (performance.now() - this.#savedAt > saveIdleEvery) await this.#save()
    this.#lag.handled(pulled)
    const some = pulled.events.length
    if (some > 0 && some < pageSize) await this.#bell.sleep(this.#subscription.pace)
  }

  async #load(): Promise<StoredCursor | undefined> {
    this.#cursor = undefined
    const { name, producer } = this.#subscription
    const found = await findCursor(this.#db, name)
    if (found !== undefined) return found
    const first = await this.#puller.next({ begin: 'first' })
    if (first === undefined) return undefined
    await createCursor(this.#db, name, producer.name, startOf(first.batch))
    return findCursor(this.#db, name)
  }

  async #goBack(stored: StoredCursor, pulled: Pulled, tick: number): Promise<void> {
    const { name } = this.#subscription
    this.#log.warn(
      { subscription: name, tick },
      'The past of the log was replaced: going back, skipping what was handled',
    )
    const moved = await moveCursorBack(this.#db, name, stored.revision, startOf(pulled.batch), tick)
    this.#stored = undefined
    if (!moved) throw new CursorMoved()
  }

  async #handle(stored: StoredCursor, pulled: Pulled): Promise<void> {
    const batch = pulled.batch as OpenCursor
    try {
      await this.#commit(stored, pulled.events, pulled.cursor, batch)
    } catch (error) {
      if (error instanceof CursorMoved || isPassing(error)) throw error
      await this.#oneByOne(pulled, batch)
    }
  }

  // One event of many failed: each for itself, so that only that one is held up, and parked if need be.
  async #oneByOne(pulled: Pulled, batch: OpenCursor): Promise<void> {
    for (const [index, event] of pulled.events.entries()) {
      const isLast = index === pulled.events.length - 1
      const cursor = isLast ? pulled.cursor : afterPosition(batch, event.position)
      await this.#tryHard(event, cursor, batch)
      if (this.#stopped && !isLast) throw new Error('Stopped between two events')
    }
  }

  async #tryHard(event: PulledEvent, cursor: EventCursor, batch: OpenCursor): Promise<void> {
    const { name } = this.#subscription
    for (let attempt = 1; ; attempt++) {
      const stored = this.#stored
      if (stored === undefined) throw new CursorMoved()
      try {
        return await this.#commit(stored, [event], cursor, batch)
      } catch (error) {
        if (error instanceof CursorMoved || isPassing(error) || this.#stopped) throw error
        const pause = pauses[attempt - 1]
        if (pause === undefined) {
          this.#log.error(
            { err: error, subscription: name, event: event.id, type: event.type },
            'An event could not be handled: it is parked',
          )
          return this.#commit(stored, [event], cursor, batch, { attempts: attempt, error })
        }
        await this.#bell.sleep(pause)
      }
    }
  }

  /** The effect of these events and the cursor's move, or neither. */
  async #commit(
    stored: StoredCursor,
    events: readonly PulledEvent[],
    cursor: EventCursor,
    batch: EventCursor,
    failure?: Failure,
  ): Promise<void> {
    const { name } = this.#subscription
    await this.#db.transaction(async tx => {
      const moved = await moveCursor(tx, name, stored.revision, cursor, {
        batch,
        ids: events.map(event => event.id),
      })
      if (moved === undefined) throw new CursorMoved()
      await this.#effects(tx, events, stored.skips, moved.parked, failure)
    })
    this.#stored = { cursor, revision: stored.revision + 1, skips: stored.skips }
    this.#savedAt = performance.now()
    if (failure === undefined) this.#subscription.afterCommit?.()
  }

  async #effects(
    tx: Tx,
    events: readonly PulledEvent[],
    skips: boolean,
    parked: boolean,
    failure: Failure | undefined,
  ) {
    const { name, handle, onParked, producer } = this.#subscription
    const done = skips
      ? await findSkipped(
          tx,
          name,
          events.map(event => event.id),
        )
      : nothing
    const waiting =
      parked && onParked === 'wait'
        ? await streamsWithLetters(
            tx,
            name,
            events.map(event => event.stream),
          )
        : nothing
    const due: AnyEvent[] = []
    for (const event of events) {
      if (done.has(toUuid(event.id))) continue
      if (waiting.has(event.stream)) await park(tx, name, producer.name, event)
      else if (failure !== undefined) await park(tx, name, producer.name, event, failure)
      else due.push(eventOf(event))
    }
    if (due.length > 0) await handle(due, tx)
  }

  // Events of no concern move the place in memory alone; the table follows now and then, so that old months can be dropped.
  async #save(): Promise<void> {
    this.#savedAt = performance.now()
    const stored = this.#stored
    const cursor = this.#cursor
    if (stored === undefined || cursor === undefined || cursor.from.tick === stored.cursor.from.tick) return
    const { name } = this.#subscription
    await this.#db.transaction(async tx => {
      const moved = await moveCursor(tx, name, stored.revision, cursor, { batch: cursor, ids: [] })
      if (moved === undefined) throw new CursorMoved()
    })
    this.#stored = { cursor, revision: stored.revision + 1, skips: stored.skips }
  }
}

const nothing: ReadonlySet<string> = new Set()

interface Failure {
  readonly attempts: number
  readonly error: unknown
}

/** Another process, or an operator, moved the cursor: what was about to be done is theirs. */
class CursorMoved extends Error {
  override readonly name = 'CursorMoved'
}

const startOf = ({ branch, from }: EventCursor): EventCursor => ({ branch, from })
