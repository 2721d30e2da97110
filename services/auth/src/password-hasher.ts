import { hash, verify } from '@node-rs/bcrypt'
import { type Context, timeLeft } from '@plaza/kernel/call'
import { deadlineExceeded, overloaded } from '@plaza/kernel/contract'
import type { Metrics } from '@plaza/kernel/telemetry'
import { FairQueue } from './fair-queue.ts'
import { networkOf } from './log-in-throttle.ts'

export interface PasswordHasherOptions {
  /** bcrypt's cost: each step doubles the work. */
  readonly cost: number
  /** Hashes that run at once: each keeps one of libuv's four threads busy. */
  readonly atOnce: number
  /** Hashes that may wait, shared max-min fairly by networks; more are refused with `overloaded`. */
  readonly waiting: number
  readonly metrics: Metrics
}

/** The outcome of comparing a password; `renewed` is a hash of today's cost when the kept one has another. */
export interface Comparison {
  readonly matches: boolean
  readonly renewed: string | undefined
}

interface Waiting {
  readonly start: () => void
  /** Its place went to a network that has fewer. */
  readonly giveWay: () => void
}

/** Longest password in bytes of UTF-8: bcrypt would silently leave out the rest. */
export const longestPassword = 72

/** bcrypt with a bounded queue: hashing never takes all threads, and a rush is told to come back instead of waiting for ever. */
export class PasswordHasher {
  readonly #options: PasswordHasherOptions
  readonly #queue: FairQueue<Waiting>
  readonly #nobody: string
  readonly #seconds
  #running = 0
  #lastMs = 250

  constructor(options: PasswordHasherOptions) {
    this.#options = options
    this.#queue = new FairQueue(options.waiting)
    // No password has this hash; comparing with it costs what any comparison costs.
    this.#nobody = `$2b$${String(options.cost).padStart(2, '0')}$${'.'.repeat(53)}`
    this.#seconds = options.metrics.histogram(
      'plaza_password_hash_seconds',
      'Duration of password hashes',
      [],
    )
    options.metrics.gauge(
      'plaza_password_hashes_waiting',
      'Password hashes that wait for their turn',
      [],
      gauge => gauge.set(this.#queue.size),
    )
  }

  hash(password: string, context: Context): Promise<string> {
    return this.#inTurn(context, () => hash(normalized(password), this.#options.cost))
  }

  /** Compares with the kept hash; with `undefined` (no such account) it takes as long, and never matches. */
  compare(password: string, kept: string | undefined, context: Context): Promise<Comparison> {
    return this.#inTurn(context, async () => {
      const matches = await verify(normalized(password), kept ?? this.#nobody)
      if (!matches || kept === undefined) return { matches: false, renewed: undefined }
      const isOfToday = Number(kept.slice(4, 6)) === this.#options.cost
      return {
        matches,
        renewed: isOfToday ? undefined : await hash(normalized(password), this.#options.cost),
      }
    })
  }

  async #inTurn<T>(context: Context, work: () => Promise<T>): Promise<T> {
    await this.#turn(context)
    const began = performance.now()
    try {
      return await work()
    } finally {
      this.#lastMs = performance.now() - began
      this.#seconds.observe(this.#lastMs / 1000)
      this.#running--
      this.#next()
    }
  }

  #turn(context: Context): Promise<void> | void {
    if (timeLeft(context) <= 0)
      throw deadlineExceeded('The deadline was over before it began.', { retryAfter: 1 })
    if (this.#running < this.#options.atOnce && this.#queue.size === 0) {
      this.#running++
      return
    }
    // Work of our own has no address: all of it counts as one network.
    const from = networkOf(context.address ?? '')
    if (!this.#queue.hasRoomFor(from)) throw this.#refusal()
    return this.#wait(from, context.signal)
  }

  #wait(from: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const entry: Waiting = {
        start: () => {
          signal.removeEventListener('abort', giveUp)
          resolve()
        },
        giveWay: () => {
          signal.removeEventListener('abort', giveUp)
          reject(this.#refusal())
        },
      }
      const giveUp = () => {
        this.#queue.delete(from, entry)
        reject(deadlineExceeded('Too many passwords are being checked.', { retryAfter: this.#untilFree() }))
      }
      this.#queue.add(from, entry)?.giveWay()
      signal.addEventListener('abort', giveUp, { once: true })
    })
  }

  #next(): void {
    while (this.#running < this.#options.atOnce) {
      const entry = this.#queue.take()
      if (entry === undefined) return
      this.#running++
      entry.start()
    }
  }

  #refusal() {
    return overloaded('Too many people log in or register at the moment.', { retryAfter: this.#untilFree() })
  }

  /** Whole seconds until what waits now is done. */
  #untilFree(): number {
    return Math.max(1, Math.ceil((this.#queue.size * this.#lastMs) / this.#options.atOnce / 1000))
  }
}

/** One spelling for what keyboards write differently (RFC 8265), as bcrypt sees bytes. */
export function normalized(password: string): string {
  return password.normalize('NFC')
}
