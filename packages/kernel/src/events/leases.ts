import { randomUUID } from 'node:crypto'
import type { Db } from '../data/index.ts'
import type { Logger, Metrics } from '../telemetry/index.ts'
import type { EventCursor } from './cursor.ts'
import { Doorbell } from './doorbell.ts'
import { type HeldShare, hold } from './held-share.ts'
import { beat, createShare, giveAway, mergeShares, releaseShares, takeShare } from './lease-store.ts'
import { planShares, type SharesSeen } from './share-plan.ts'
import { findShares, leaseFor } from './share-store.ts'

const beatEvery = leaseFor / 3
/** So much after another's lease should have ended one looks whether it has. */
const afterLease = 20

export interface LeasesKit {
  /** Of whose subscription; for metrics. */
  readonly service: string
  readonly subscription: string
  readonly producer: string
  readonly db: Db
  readonly log: Logger
  readonly metrics: Metrics
  /** There is something to settle: wakes the runner. */
  readonly onNews: () => void
}

/**
 * The shares this instance holds of a subscription. Its heartbeat renews the leases and looks; taking, giving and merging are the runner's, between
 * its transactions, by `settle`. Losing a lease is no error: the fencing token refuses whoever does not know yet.
 */
export class Leases {
  readonly instance = randomUUID()
  readonly #kit: LeasesKit
  readonly #bell = new Doorbell()
  readonly #beats: Promise<void>
  readonly #count: (held: number) => void
  readonly #tookOver: () => void
  #held: HeldShare[] = []
  #isUnsettled = true
  #transactions = 0
  #stopped = false
  #first: ReadonlyMap<number, number> | undefined
  #areOthersAlive = false
  #nextEnd = Number.POSITIVE_INFINITY

  constructor(kit: LeasesKit) {
    this.#kit = kit
    const { metrics, service, subscription } = kit
    const labels = ['service', 'subscription'] as const
    const shares = metrics.gauge(
      'plaza_event_shares',
      'Shares of a subscription that this process holds',
      labels,
    )
    const takeovers = metrics.counter(
      'plaza_event_takeovers_total',
      'Shares taken from an instance whose lease had ended',
      labels,
    )
    const gauge = shares.labels(service, subscription)
    const counter = takeovers.labels(service, subscription)
    this.#count = held => gauge.set(held)
    this.#tookOver = () => counter.inc()
    this.#beats = this.#run()
  }

  get held(): readonly HeldShare[] {
    return this.#held
  }

  /** Whether `settle` has something to do. */
  get isUnsettled(): boolean {
    return this.#isUnsettled
  }

  /** It holds nothing, and has seen that others do, who live. */
  get areOthersAlive(): boolean {
    return this.#held.length === 0 && this.#areOthersAlive
  }

  /** Whatever is known of the held shares may be wrong: the table knows. */
  distrust(): void {
    this.#held = []
    this.#isUnsettled = true
  }

  /** Takes, gives and looks up what is its own. `begin` gives the first cursor of a subscription that has none; undefined: it was abandoned. */
  async settle(begin: () => Promise<EventCursor | undefined>): Promise<void> {
    const { db, subscription, producer } = this.#kit
    this.#isUnsettled = false
    const seen = await this.#beat()
    if (seen.shares.length === 0) {
      this.#isUnsettled = true
      const first = await begin()
      if (first !== undefined) await createShare(db, subscription, producer, this.instance, first)
      return
    }
    const { take, give } = planShares(seen, this.instance)
    for (const share of take) {
      if (!(await takeShare(db, subscription, this.instance, share))) continue
      if (share.owner === null) continue
      this.#tookOver()
      this.#kit.log.info({ subscription, share: share.share, from: share.owner }, 'A share was taken over')
    }
    await this.#load()
    for (const gift of give) {
      const own = this.#held.find(each => each.stored.share === gift.share)
      if (own !== undefined) await giveAway(db, subscription, own.stored, gift)
    }
    if (give.length > 0) await this.#load()
  }

  /** Makes one of two shares that are at the same place. */
  async merge([one, other]: readonly [HeldShare, HeldShare]): Promise<void> {
    await mergeShares(this.#kit.db, this.#kit.subscription, [one.stored, other.stored], one.cursor)
    await this.#load()
  }

  /** While a transaction runs its row's lock keeps the share, and ends with it; a handler that hangs renews nothing. */
  async duringTransaction<T>(work: () => Promise<T>): Promise<T> {
    this.#transactions++
    try {
      return await work()
    } finally {
      this.#transactions--
    }
  }

  /** Lets others have what it holds, at once. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#bell.ring()
    await this.#beats
    this.#held = []
    this.#count(0)
    await releaseShares(this.#kit.db, this.#kit.subscription, this.instance)
  }

  async #load(): Promise<void> {
    const { db, subscription } = this.#kit
    const before = new Map(this.#held.map(each => [each.stored.share, each]))
    const stored = await findShares(db, subscription, this.instance)
    this.#held = stored.map(each => {
      const known = before.get(each.share)
      if (known?.stored.revision !== each.revision) return hold(each)
      known.stored = each
      return known
    })
    this.#count(this.#held.length)
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const nextEnd = this.#nextEnd - performance.now()
      await this.#bell.sleep(nextEnd > 0 ? Math.min(beatEvery, nextEnd) : beatEvery)
      if (this.#stopped) return
      try {
        const seen = await this.#beat()
        if (this.#isNews(seen)) {
          this.#isUnsettled = true
          this.#kit.onNews()
        }
      } catch (error) {
        this.#kit.log.debug({ err: error }, 'No lease could be renewed: trying again')
      }
    }
  }

  async #beat(): Promise<SharesSeen> {
    const { db, subscription } = this.#kit
    const does = { renew: this.#transactions === 0, wait: this.#held.length === 0 }
    const seen = await beat(db, subscription, this.instance, does)
    this.#watchOthers(seen)
    return seen
  }

  #isNews(seen: SharesSeen): boolean {
    const { take, give } = planShares(seen, this.instance)
    if (take.length + give.length > 0 || seen.shares.length === 0) return true
    const own = seen.shares.filter(each => each.owner === this.instance)
    return fingerprint(own) !== fingerprint(this.#held.map(each => each.stored))
  }

  // A lease that has lasted longer than when it was first seen was renewed: whoever holds it lives.
  #watchOthers({ shares }: SharesSeen): void {
    const now = performance.now()
    const others = shares.filter(each => each.owner !== this.instance && each.lasts > 0)
    this.#nextEnd = now + Math.min(...others.map(each => each.lasts)) + afterLease
    const ends = new Map(shares.map(each => [each.revision * 16 + each.share, now + each.lasts]))
    this.#first ??= ends
    this.#areOthersAlive ||=
      shares.length > 0 &&
      shares.every(({ revision, share }) => {
        const first = this.#first?.get(revision * 16 + share)
        return first === undefined || ends.get(revision * 16 + share)! - first > 50
      })
  }
}

const fingerprint = (shares: readonly { readonly share: number; readonly buckets: number }[]) =>
  shares.map(({ share, buckets }) => `${share}:${buckets}`).join()
