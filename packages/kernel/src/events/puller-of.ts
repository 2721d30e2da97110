import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Call, newContext } from '../call/index.ts'
import { contract, unavailable } from '../contract/index.ts'
import type { AnyEvent, Subscription } from './event.ts'
import { eventOperations, type PulledEvent } from './operations.ts'
import type { Pulled, PullInput } from './pull.ts'

/** Events read, and handled in one transaction, at once. */
export const pageSize = 500
const longestWait = 5_000
const longestRead = 70_000
const shortest = 5

/** Asks the producer for what comes next, wherever it runs; what the subscription does not handle stays there. */
export class PullerOf {
  readonly #pull: (input: PullInput) => Promise<Pulled>
  readonly #types: string[]
  #abandon: (() => void) | undefined
  // Until it is known to be level, it asks at once: a start does not wait for news.
  #wasLevel = false

  constructor(call: Call, subscription: Subscription) {
    const producer = call(contract(subscription.producer.name, eventOperations))
    const requestId = `events ${subscription.name} ${randomUUID()}`
    this.#types =
      subscription.kind === 'shared' ? [...subscription.types] : Object.keys(subscription.handlers)
    this.#pull = input =>
      producer.$pullEvents(input, newContext({ requestId, deadline: Date.now() + longestWait + longestRead }))
  }

  /** Waits for news once it is level, if it may. Undefined: it was abandoned. */
  async next(
    input: Pick<PullInput, 'cursor' | 'begin' | 'remembered'>,
    mayWait = true,
  ): Promise<Pulled | undefined> {
    const wait = this.#wasLevel && mayWait ? longestWait : 0
    const asked = performance.now()
    const pulled = await new Promise<Pulled | undefined>((resolve, reject) => {
      this.#abandon = () => resolve(undefined)
      const noAnswer = () => reject(unavailable('The producer did not answer in time.', { retryAfter: 1 }))
      const timer = setTimeout(noAnswer, longestWait + longestRead)
      this.#pull({ ...input, types: this.#types, limit: pageSize, wait })
        .finally(() => clearTimeout(timer))
        .then(resolve, reject)
    })
    if (pulled === undefined) return undefined
    this.#wasLevel = input.cursor !== undefined && pulled.behind === 0
    // Whoever answers "nothing" at once is not to be asked again at once: such a loop would leave room for nothing else.
    if (pulled.events.length === 0 && performance.now() - asked < shortest) await sleep(shortest)
    return pulled
  }

  /** Waits no more for the answer that is under way. */
  abandon(): void {
    this.#abandon?.()
  }
}

/** An event as handlers get it. */
export function eventOf({ id, type, stream, version, data, at }: PulledEvent): AnyEvent {
  return { id, type, stream, version, data, at: new Date(at) }
}
