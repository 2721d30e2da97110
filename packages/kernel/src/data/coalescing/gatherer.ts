import { overloaded } from '../../contract/kernel-errors.ts'
import type { QueueMeter } from './queue-meter.ts'

export interface GathererOptions<E> {
  readonly name: string
  /** Entries at most in one sending. */
  readonly maxSize: number
  /** Entries at most that wait; more are refused with `overloaded`. */
  readonly maxWaiting: number
  /** Sendings at most at one time. */
  readonly inFlight: number
  readonly meter: QueueMeter
  /** Deals with the entries; must settle each of them and never reject. */
  readonly send: (entries: E[]) => Promise<void>
}

/**
 * Gathers entries by key while earlier ones are on their way: the busier, the larger the sendings; with nothing on its way, what came
 * in one turn of the event loop goes at once.
 */
export class Gatherer<K, E> {
  readonly #options: GathererOptions<E>
  readonly #waiting = new Map<K, E>()
  // Entries whose key waits already with something else to say.
  #later: [K, E][] = []
  #flying = 0
  #scheduled = false

  constructor(options: GathererOptions<E>) {
    this.#options = options
  }

  /** The entry that waits under the key. One that was sent is not found: what it reads may be older than this call. */
  find(key: K): E | undefined {
    return this.#waiting.get(key)
  }

  add(key: K, entry: E): void {
    this.#waiting.set(key, entry)
    if (this.#scheduled || this.#flying >= this.#options.inFlight) return
    this.#scheduled = true
    // After this turn's I/O: requests that arrived together travel together.
    setImmediate(this.#sendScheduled)
  }

  /** Adds an entry that goes in a later sending than the one that waits under its key. */
  addLater(key: K, entry: E): void {
    this.#later.push([key, entry])
  }

  /** Throws `overloaded` when no more may wait. */
  assertRoom(): void {
    const { name, maxWaiting, meter } = this.#options
    if (this.#waiting.size + this.#later.length < maxWaiting) return
    meter.refused()
    throw overloaded(`${maxWaiting} requests wait for ${name} already.`, { retryAfter: 1 })
  }

  #sendScheduled = () => {
    this.#scheduled = false
    this.#sendNext()
  }

  #sendNext(): void {
    const { inFlight, maxSize } = this.#options
    while (this.#waiting.size > 0 && this.#flying < inFlight) {
      const entries = this.#take(maxSize)
      this.#flying++
      void this.#options.send(entries).then(this.#landed)
    }
  }

  #landed = () => {
    this.#flying--
    this.#sendNext()
  }

  #take(count: number): E[] {
    this.#options.meter.sending(Math.min(count, this.#waiting.size), this.#waiting.size)
    const entries: E[] = []
    for (const [key, entry] of this.#waiting) {
      if (entries.length === count) break
      entries.push(entry)
      this.#waiting.delete(key)
    }
    if (this.#later.length > 0) this.#recall()
    return entries
  }

  #recall(): void {
    const later = this.#later
    this.#later = []
    for (const [key, entry] of later) {
      if (this.#waiting.has(key)) this.#later.push([key, entry])
      else this.#waiting.set(key, entry)
    }
  }
}
