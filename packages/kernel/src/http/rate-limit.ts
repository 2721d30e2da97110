/** What is left of somebody's quota after a request. */
export interface Allowance {
  /** Whether the request is within it. */
  readonly allowed: boolean
  /** Requests left right now. */
  readonly left: number
  /** Whole seconds until all of it is there again or, when not allowed, until one request is. */
  readonly seconds: number
}

export interface RateLimitOptions {
  /** Requests in a window; all of them may come at once, after that evenly. */
  readonly quota: number
  /** Milliseconds. */
  readonly window: number
  /** Keys remembered at most, in each of two generations (default 100,000: about 10 MB). */
  readonly maxKeys?: number
}

/**
 * Limits requests by key with the generic cell rate algorithm (ITU-T I.371): one number a key, the time when its quota is whole again.
 * A key not seen for a window has nothing to remember, so keys live in two generations and the older is dropped whole: no timers. When
 * more than `maxKeys` come in one window the oldest are forgotten early, that is, allowed more than their quota.
 */
export class RateLimit {
  readonly quota: number
  readonly windowSeconds: number
  readonly #window: number
  readonly #interval: number
  readonly #maxKeys: number
  #recent = new Map<string, number>()
  #older = new Map<string, number>()
  #turned = 0

  constructor({ quota, window, maxKeys = 100_000 }: RateLimitOptions) {
    this.quota = quota
    this.windowSeconds = window / 1000
    this.#window = window
    this.#interval = window / quota
    this.#maxKeys = maxKeys
  }

  /** Counts one request of `key` at `now` (epoch ms). A refused one is not counted: asking again costs nothing. */
  take(key: string, now: number): Allowance {
    if (now - this.#turned >= this.#window || this.#recent.size >= this.#maxKeys) this.#turn(now)
    const wholeAt = Math.max(now, this.#recent.get(key) ?? this.#older.get(key) ?? 0)
    const next = wholeAt + this.#interval
    const over = next - now - this.#window
    if (over > 1e-6) return { allowed: false, left: 0, seconds: Math.max(1, Math.ceil(over / 1000)) }
    this.#recent.set(key, next)
    const left = Math.floor(-over / this.#interval + 1e-6)
    return { allowed: true, left, seconds: Math.ceil((next - now) / 1000) }
  }

  get keys(): number {
    return this.#recent.size + this.#older.size
  }

  #turn(now: number): void {
    this.#older = this.#recent
    this.#recent = new Map()
    this.#turned = now
  }
}

/** The part of an address that one customer has: an IPv6 network of 64 bits is one (RFC 6177). */
export function limitedPart(address: string): string {
  if (!address.includes(':')) return address
  const v4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (v4) return v4[1]!
  const [head = '', tail] = address.split('%')[0]!.split('::')
  const groups = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  while (groups.length + after.length < 8 && tail !== undefined) groups.push('0')
  return [...groups, ...after].slice(0, 4).join(':')
}
