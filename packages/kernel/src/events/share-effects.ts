import { type Db, type Tx, toUuid } from '../data/index.ts'
import type { Logger } from '../telemetry/index.ts'
import { afterPosition, type EventCursor, type OpenCursor } from './cursor.ts'
import type { Doorbell } from './doorbell.ts'
import type { AnyEvent, SharedSubscription } from './event.ts'
import { findSkipped } from './handled-store.ts'
import type { HeldShare } from './held-share.ts'
import type { Leases } from './leases.ts'
import { park, streamsWithLetters } from './letter-store.ts'
import type { PulledEvent } from './operations.ts'
import type { Pulled } from './pull.ts'
import { eventOf } from './puller-of.ts'
import { isPassing, pauses } from './retry.ts'
import { type Handled, leaseFor, moveShare } from './share-store.ts'

/** Another instance has the share now: what was about to be done is theirs. */
export class ShareMoved extends Error {
  override readonly name = 'ShareMoved'
}

const mostPatience = 15_000

/** Has the effects of events and moves their share, in one transaction; parks what cannot be handled. */
export class ShareEffects {
  readonly #subscription: SharedSubscription
  readonly #db: Db
  readonly #leases: Leases
  readonly #log: Logger
  /** Ends pauses once the runner stops. */
  readonly #stopBell: Doorbell
  #stopped = false
  #patience = leaseFor

  constructor(
    subscription: SharedSubscription,
    kit: { readonly db: Db; readonly leases: Leases; readonly log: Logger; readonly stopBell: Doorbell },
  ) {
    this.#subscription = subscription
    this.#db = kit.db
    this.#leases = kit.leases
    this.#log = kit.log
    this.#stopBell = kit.stopBell
  }

  /** Tries nothing again any more. */
  stop(): void {
    this.#stopped = true
  }

  /** Handles a share's events of what was pulled. Throws what says nothing about the events; else they are handled, or parked. */
  async handle(share: HeldShare, events: readonly PulledEvent[], pulled: Pulled): Promise<void> {
    const batch = pulled.batch as OpenCursor
    const began = performance.now()
    try {
      await this.#commit(share, events, pulled.cursor, batch)
      this.#patience = leaseFor
    } catch (error) {
      if (error instanceof ShareMoved) throw error
      if (isPassing(error)) {
        // It took so long that the server may have ended it: this machine is slow, and with more patience it is had in the end. What failed
        // sooner failed for another reason, and patience would only keep a stopped process' share from others.
        if (performance.now() - began >= this.#patience)
          this.#patience = Math.min(2 * this.#patience, mostPatience)
        throw error
      }
      await this.#oneByOne(share, events, pulled.cursor, batch)
    }
  }

  /** Moves a share past events of no concern. */
  async pass(share: HeldShare, cursor: EventCursor): Promise<void> {
    const revision = await this.#leases.duringTransaction(() =>
      this.#db.transaction(
        async tx => (await this.#move(tx, share, cursor, { batch: cursor, ids: [] })).revision,
      ),
    )
    share.stored = { ...share.stored, cursor, revision }
  }

  // One event of many failed: each for itself, so that only that one is held up, and parked if need be.
  async #oneByOne(share: HeldShare, events: readonly PulledEvent[], end: EventCursor, batch: OpenCursor) {
    for (const [index, event] of events.entries()) {
      const isLast = index === events.length - 1
      await this.#tryHard(share, event, isLast ? end : afterPosition(batch, event.position), batch)
      if (this.#stopped && !isLast) throw new Error('Stopped between two events')
    }
  }

  async #tryHard(
    share: HeldShare,
    event: PulledEvent,
    cursor: EventCursor,
    batch: OpenCursor,
  ): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#commit(share, [event], cursor, batch)
      } catch (error) {
        if (error instanceof ShareMoved || isPassing(error) || this.#stopped) throw error
        const pause = pauses[attempt - 1]
        if (pause === undefined) {
          this.#log.error(
            { err: error, subscription: this.#subscription.name, event: event.id, type: event.type },
            'An event could not be handled: it is parked',
          )
          return this.#commit(share, [event], cursor, batch, { attempts: attempt, error })
        }
        await this.#stopBell.sleep(pause)
      }
    }
  }

  /** The effect of these events and the share's move, or neither. */
  async #commit(
    share: HeldShare,
    events: readonly PulledEvent[],
    cursor: EventCursor,
    batch: EventCursor,
    failure?: Failure,
  ): Promise<void> {
    const handled = { batch, ids: events.map(event => event.id) }
    const facts = failure === undefined ? await this.#subscription.prepare?.(events.map(eventOf)) : undefined
    const revision = await this.#leases.duringTransaction(() =>
      this.#db.transaction(async tx => {
        const moved = await this.#move(tx, share, cursor, handled)
        await this.#effects(tx, { events, facts, failure }, share.stored.skips, moved.parked)
        return moved.revision
      }),
    )
    share.stored = { ...share.stored, cursor, revision }
    share.savedAt = performance.now()
    if (failure === undefined) this.#subscription.afterCommit?.()
  }

  async #move(tx: Tx, share: HeldShare, cursor: EventCursor, handled: Handled) {
    const { name } = this.#subscription
    const moved = await moveShare(tx, name, share.stored, cursor, handled, this.#patience)
    if (moved === undefined) throw new ShareMoved()
    return moved
  }

  async #effects(tx: Tx, { events, facts, failure }: Work, skips: boolean, parked: boolean) {
    const { name, handle, onParked, producer } = this.#subscription
    const ids = events.map(event => event.id)
    const done = skips ? await findSkipped(tx, name, ids) : nothing
    const streams = events.map(event => event.stream)
    const waiting = parked && onParked === 'wait' ? await streamsWithLetters(tx, name, streams) : nothing
    const due: AnyEvent[] = []
    for (const event of events) {
      if (done.has(toUuid(event.id))) continue
      if (waiting.has(event.stream)) await park(tx, name, producer.name, event)
      else if (failure !== undefined) await park(tx, name, producer.name, event, failure)
      else due.push(eventOf(event))
    }
    if (due.length > 0) await handle(due, tx, facts)
  }
}

const nothing: ReadonlySet<string> = new Set()

interface Work {
  readonly events: readonly PulledEvent[]
  /** What `prepare` told of them. */
  readonly facts: unknown
  readonly failure: Failure | undefined
}

interface Failure {
  readonly attempts: number
  readonly error: unknown
}
