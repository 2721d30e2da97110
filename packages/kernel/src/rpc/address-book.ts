import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { Logger } from '../telemetry/index.ts'
import { Address, type AddressOptions, type Speed } from './address.ts'

/** Names are resolved again after this time (ms), when somebody calls. */
const resolveAgain = 5_000
const resolveAgainInTrouble = 1_000
const tellEvery = 5_000
/** While a process is so young (ms), those it calls may be starting too. */
const young = 10_000

/** The IP addresses of a name. */
export type Lookup = (name: string) => Promise<readonly string[]>

export interface AddressBookOptions extends AddressOptions {
  /** Base URLs: `http://posts:8081`. */
  readonly urls: readonly string[]
  readonly lookup: Lookup | undefined
  readonly log: Logger
}

/** The addresses of a service: names resolved, the least busy first, those that cannot be reached put aside for a moment. */
export class AddressBook {
  /** Why nobody could be reached, for the log. */
  trouble: Error = new Error('No address is known')
  readonly #options: AddressBookOptions
  readonly #lookup: Lookup
  #addresses = new Map<string, Address>()
  readonly #born = performance.now()
  #resolvedAt = Number.NEGATIVE_INFINITY
  #resolving: Promise<void> | undefined
  #toldAt = Number.NEGATIVE_INFINITY

  constructor(options: AddressBookOptions, only?: Address) {
    this.#options = options
    this.#lookup = options.lookup ?? lookupAll
    if (only === undefined) return
    this.#addresses.set(only.url, only)
    this.#resolvedAt = Number.POSITIVE_INFINITY
  }

  /** A book of one of its addresses, which stays as it is. */
  only(address: Address): AddressBook {
    return new AddressBook(this.#options, address)
  }

  get all(): readonly Address[] {
    return [...this.#addresses.values()]
  }

  /** Resolves names beside the calls; a promise only while nothing is known yet. It never rejects. */
  refresh(): Promise<void> | undefined {
    const pause = this.#addresses.size === 0 ? resolveAgainInTrouble : resolveAgain
    if (this.#resolving === undefined && performance.now() - this.#resolvedAt >= pause) {
      this.#resolving = this.#resolve().finally(() => {
        this.#resolving = undefined
        this.#resolvedAt = performance.now()
      })
    }
    return this.#addresses.size === 0 ? this.#resolving : undefined
  }

  /** The least busy address that can be reached, another than `avoid` when there is one. `mayGather`: calls may wait for others to join them. */
  pick(speed: Speed, avoid: Address | undefined, mayGather: boolean): Address | 'none' | 'full' | 'gathers' {
    const now = performance.now()
    let best: Address | undefined
    let avoided: Address | undefined
    let equals = 1
    let busy: 'none' | 'full' | 'gathers' = 'none'
    for (const address of this.#addresses.values()) {
      if (address.isAside(now)) continue
      if (address.isFull(speed)) busy = busy === 'gathers' ? busy : 'full'
      else if (mayGather && address.gathers(speed, now)) busy = 'gathers'
      else if (address === avoid) avoided = address
      else if (best === undefined || address.inFlight < best.inFlight) {
        best = address
        equals = 1
      } else if (address.inFlight === best.inFlight && Math.random() * ++equals < 1) best = address
    }
    return best ?? avoided ?? (busy === 'none' ? this.#inNeed(speed, now, avoid) : busy)
  }

  // An instance that runs again may be the only one left, for others were drained after it.
  #inNeed(speed: Speed, now: number, avoid: Address | undefined): Address | 'none' {
    const left = this.all.filter(address => address.mayBeTried(now) && !address.isFull(speed))
    return left.find(address => address !== avoid) ?? left[0] ?? 'none'
  }

  putAside(address: Address, error: Error): void {
    const now = performance.now()
    address.putAside(now, (error as NodeJS.ErrnoException).code === 'UND_ERR_CONNECT_TIMEOUT')
    this.trouble = error
    this.#resolvedAt = Math.min(this.#resolvedAt, now - resolveAgain + resolveAgainInTrouble)
    if (now - this.#toldAt < tellEvery) return
    this.#toldAt = now
    const { service, log } = this.#options
    const level = now - this.#born < young ? 'debug' : 'warn'
    log[level]({ err: error, service, url: address.url }, 'An instance cannot be reached: calls go to others')
  }

  async destroy(): Promise<void> {
    await Promise.all(this.all.map(each => each.destroy()))
  }

  async #resolve(): Promise<void> {
    const found = await Promise.all(this.#options.urls.map(url => this.#urlsOf(url)))
    const known = this.#addresses
    // Who is not named any more finishes what is under way there.
    const next = new Map(found.flat().map(({ url, host }) => [url, known.get(url) ?? this.#open(url, host)]))
    this.#addresses = next
    for (const [url, address] of known) {
      if (!next.has(url)) void address.close()
    }
  }

  #open(url: string, host: string): Address {
    return new Address(url, host, this.#options)
  }

  async #urlsOf(base: string): Promise<{ url: string; host: string }[]> {
    const { protocol, hostname, port, origin } = new URL(base)
    const host = hostname.replaceAll(/[[\]]/g, '')
    if (isIP(host) !== 0 || host === 'localhost') return [{ url: origin, host }]
    try {
      const ips = await this.#lookup(host)
      const suffix = port === '' ? '' : `:${port}`
      return [...new Set(ips)].map(ip => ({
        url: `${protocol}//${ip.includes(':') ? `[${ip}]` : ip}${suffix}`,
        host,
      }))
    } catch (error) {
      // A name server that is away for a moment must not take the addresses away that it gave.
      this.trouble = error as Error
      const suffix = port === '' ? '' : `:${port}`
      return this.all
        .filter(each => each.host === host && each.url.endsWith(suffix))
        .map(({ url }) => ({ url, host }))
    }
  }
}

async function lookupAll(name: string): Promise<readonly string[]> {
  return (await lookup(name, { all: true })).map(each => each.address)
}
