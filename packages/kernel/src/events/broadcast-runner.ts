import type { Logger } from '../telemetry/index.ts'
import type { EventCursor } from './cursor.ts'
import { Doorbell } from './doorbell.ts'
import type { BroadcastSubscription } from './event.ts'
import type { Lag } from './lag.ts'
import type { Pulled } from './pull.ts'
import { eventOf, type PullerOf } from './puller-of.ts'
import { isPassing, passingPause, Telling } from './retry.ts'

/** Further behind than this, it is quicker to load anew. */
const tooFarBehind = 100_000

/** Runs one broadcast subscription: the cursor is in memory, and what may have been missed is loaded anew. */
export class BroadcastRunner {
  readonly #subscription: BroadcastSubscription
  readonly #puller: PullerOf
  readonly #lag: Lag
  readonly #log: Logger
  readonly #bell = new Doorbell()
  readonly #telling = new Telling()
  readonly #ended: Promise<void>
  #stopped = false
  #cursor: EventCursor | undefined

  constructor(subscription: BroadcastSubscription, puller: PullerOf, lag: Lag, log: Logger) {
    this.#subscription = subscription
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
        this.#telling.isOver()
      } catch (error) {
        if (!isPassing(error)) this.#forget()
        failures++
        this.#log[this.#telling.levelOf(error)](
          { err: error, subscription: this.#subscription.name },
          'A subscription stands still: trying again',
        )
        await this.#bell.sleep(passingPause(failures))
      }
    }
  }

  async #step(): Promise<void> {
    this.#cursor ??= await this.#begin()
    if (this.#cursor === undefined) return
    const pulled = await this.#puller.next({ cursor: this.#cursor })
    if (pulled === undefined) return
    if (pulled.wentBackTo !== null || pulled.behind > tooFarBehind) return this.#forget()
    await this.#handle(pulled)
    this.#cursor = pulled.cursor
    this.#lag.handled(pulled)
  }

  // The place is taken first: what comes while `reset` loads is heard afterwards, once more at worst.
  async #begin(): Promise<EventCursor | undefined> {
    const now = await this.#puller.next({ begin: 'now' })
    if (now === undefined) return undefined
    await this.#subscription.reset()
    return { branch: now.batch.branch, from: now.batch.from }
  }

  async #handle({ events }: Pulled): Promise<void> {
    const { handlers } = this.#subscription
    try {
      for (const event of events) {
        const work = handlers[event.type]?.(eventOf(event) as never)
        if (work !== undefined) await work
      }
    } catch (error) {
      // Half a page may have been heard, and the event that failed was not: nothing derived can be trusted.
      this.#forget()
      throw error
    }
  }

  #forget(): void {
    this.#cursor = undefined
    this.#lag.lost()
  }
}
