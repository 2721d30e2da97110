import { Pool } from 'undici'
import { List } from './list.ts'
import type { TokenSigner } from './token.ts'
import { clientIdle, rpcPath } from './wire.ts'

/** Lists under way at most, for each lane: each holds one connection. */
const maxLists = 64
const connectTimeout = 2_000
const cancelTimeout = 5_000
/** Calls that are cancelled at once, at most; others end at their deadline. */
const maxCancelled = 10_000
/** While a list is on its way, the next one gathers until an answer comes, at most this time (ms): the busier, the larger the lists. */
export const gatherAtMost = 1
/** How long (ms) an address that could not be reached is left alone: doubled each time, up to the last. */
const firstAside = 50
const longestAside = 2_000

/** What calls take: the usual ones, or those that may take long (long polls) and would hold up others. */
export type Speed = 'quick' | 'slow'

export interface AddressOptions {
  readonly service: string
  readonly client: string
  readonly signer: TokenSigner
}

/** One instance of a service: its connections, what is under way there, and whether it can be reached. */
export class Address {
  readonly url: string
  /** The name it was resolved from, or the same as in the URL. */
  readonly host: string
  /** Calls under way there. */
  inFlight = 0
  readonly #options: AddressOptions
  readonly #pools: Readonly<Record<Speed, Pool>>
  readonly #lists: Record<Speed, number> = { quick: 0, slow: 0 }
  readonly #gathersUntil: Record<Speed, number> = { quick: 0, slow: 0 }
  #asideUntil = 0
  #refusedAt = 0
  #aside = 0
  #cancelled: number[] = []
  #isCancelling = false

  /** `host` is the name behind an IP address: for the certificate. */
  constructor(url: string, host: string, options: AddressOptions) {
    this.url = url
    this.host = host
    this.#options = options
    const make = () =>
      new Pool(url, {
        connections: maxLists,
        pipelining: 1,
        keepAliveTimeout: clientIdle,
        keepAliveMaxTimeout: clientIdle,
        bodyTimeout: 0,
        connect: { timeout: connectTimeout, ...(url.startsWith('https:') && { servername: host }) },
      })
    this.#pools = { quick: make(), slow: make() }
  }

  isFull(speed: Speed): boolean {
    return this.#lists[speed] >= maxLists
  }

  /** Whether the next list still gathers calls. */
  gathers(speed: Speed, now: number): boolean {
    return this.#gathersUntil[speed] > now
  }

  isAside(now: number): boolean {
    return this.#asideUntil > now
  }

  /** Whether it may be tried although it is aside, because no other is left: it may have come back, and whoever refuses does so at once. */
  mayBeTried(now: number): boolean {
    return now - this.#refusedAt >= firstAside
  }

  /** `isSlow`: it took long to find out, and is not to be found out sooner than necessary. */
  putAside(now: number, isSlow: boolean): void {
    this.#refusedAt = isSlow ? Number.POSITIVE_INFINITY : now
    if (this.isAside(now)) return
    this.#aside = Math.min(longestAside, Math.max(firstAside, this.#aside * 2))
    this.#asideUntil = now + this.#aside
  }

  isBack(): void {
    this.#aside = 0
  }

  send(speed: Speed, list: List, calls: readonly string[]): void {
    this.#lists[speed]++
    if (speed === 'quick') this.#gathersUntil.quick = performance.now() + gatherAtMost
    this.#dispatch(speed, `"calls":[${calls.join(',')}]`, list)
  }

  /** An answer came: what has gathered may go. */
  answered(speed: Speed): void {
    this.#gathersUntil[speed] = 0
  }

  landed(speed: Speed): void {
    this.answered(speed)
    this.#lists[speed]--
  }

  /** Tells the instance that nobody waits for this call any more. Best effort: its deadline ends it anyway. */
  cancel(id: number): void {
    if (this.#cancelled.length < maxCancelled) this.#cancelled.push(id)
    if (this.#isCancelling) return
    this.#isCancelling = true
    setImmediate(() => this.#sendCancelled())
  }

  close(): Promise<void> {
    return Promise.all([this.#pools.quick.close(), this.#pools.slow.close()]).then(() => {})
  }

  destroy(): Promise<void> {
    return Promise.all([this.#pools.quick.destroy(), this.#pools.slow.destroy()]).then(() => {})
  }

  #sendCancelled(): void {
    const ids = this.#cancelled.splice(0)
    const done = () => {
      this.#isCancelling = false
      if (this.#cancelled.length > 0) this.cancel(this.#cancelled.pop()!)
    }
    this.#dispatch('quick', `"calls":[],"cancel":[${ids.join(',')}]`, {
      onRequestStart: () => {},
      onResponseStart: () => {},
      onResponseData: () => {},
      onResponseEnd: done,
      onResponseError: done,
    })
  }

  #dispatch(speed: Speed, members: string, handler: Parameters<Pool['dispatch']>[1]): void {
    const { service, client, signer } = this.#options
    // Deadlines end lists; what only cancels must not wait for ever.
    const headersTimeout = handler instanceof List ? 0 : cancelTimeout
    const headers = ['authorization', signer.authorization(service), 'content-type', 'application/json']
    const body = `{"service":${JSON.stringify(service)},"client":"${client}",${members}}`
    this.#pools[speed].dispatch({ method: 'POST', path: rpcPath, headers, body, headersTimeout }, handler)
  }
}
