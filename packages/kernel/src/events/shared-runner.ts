import type { Db } from '../data/index.ts'
import type { Logger, Metrics } from '../telemetry/index.ts'
import type { EventCursor } from './cursor.ts'
import { Doorbell } from './doorbell.ts'
import type { SharedSubscription } from './event.ts'
import { rememberedRuns } from './handled-store.ts'
import { findEqual, type HeldShare, nextOf, towardsOthers } from './held-share.ts'
import type { Lag } from './lag.ts'
import { Leases } from './leases.ts'
import type { Pulled } from './pull.ts'
import { type PullerOf, pageSize } from './puller-of.ts'
import { passingPause, Telling } from './retry.ts'
import { ShareEffects, ShareMoved } from './share-effects.ts'
import { isOf } from './share-plan.ts'
import { moveShareBack } from './share-store.ts'

const saveIdleEvery = 5_000
const lookAgainAfter = 1_000

export interface SharedRunnerKit {
  readonly service: string
  readonly db: Db
  readonly puller: PullerOf
  readonly lag: Lag
  readonly log: Logger
  readonly metrics: Metrics
}

/** Runs this instance's shares of one subscription, one transaction after the other; others run theirs. */
export class SharedRunner {
  readonly #subscription: SharedSubscription
  readonly #db: Db
  readonly #puller: PullerOf
  readonly #lag: Lag
  readonly #log: Logger
  readonly #leases: Leases
  readonly #effects: ShareEffects
  readonly #stopBell = new Doorbell()
  readonly #newsBell = new Doorbell()
  readonly #telling = new Telling()
  readonly #ended: Promise<void>
  #stopped = false
  #turns = 0

  constructor(subscription: SharedSubscription, { service, db, puller, lag, log, metrics }: SharedRunnerKit) {
    this.#subscription = subscription
    this.#db = db
    this.#puller = puller
    this.#lag = lag
    this.#log = log
    this.#leases = new Leases({
      service,
      subscription: subscription.name,
      producer: subscription.producer.name,
      db,
      log,
      metrics,
      onNews: () => this.#interrupt(),
    })
    this.#effects = new ShareEffects(subscription, {
      db,
      leases: this.#leases,
      log,
      stopBell: this.#stopBell,
    })
    this.#ended = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#effects.stop()
    this.#stopBell.ring()
    this.#interrupt()
    await this.#ended
  }

  // Whoever waits for events, or between two transactions, has something else to do first.
  #interrupt(): void {
    this.#puller.abandon()
    this.#newsBell.ring()
  }

  async #run(): Promise<void> {
    let failures = 0
    while (!this.#stopped) {
      try {
        await this.#step()
        failures = 0
        this.#telling.isOver()
      } catch (error) {
        const pause = this.#pauseAfter(error, ++failures)
        this.#leases.distrust()
        await this.#stopBell.sleep(pause)
      }
    }
    await this.#leave().catch(error =>
      this.#log.debug(
        { err: error },
        'The place reached was not saved, or no share released: that takes a moment longer',
      ),
    )
  }

  #pauseAfter(error: unknown, failures: number): number {
    if (error instanceof ShareMoved) return failures === 1 ? 0 : passingPause(failures)
    const isReplaced = (error as { code?: unknown }).code === 'event-log-replaced'
    const level = isReplaced ? 'error' : this.#telling.levelOf(error)
    this.#log[level](
      { err: error, subscription: this.#subscription.name },
      'A subscription stands still: trying again',
    )
    return isReplaced ? 60_000 : passingPause(failures)
  }

  async #step(): Promise<void> {
    if (this.#leases.isUnsettled) await this.#leases.settle(() => this.#begin())
    const { held } = this.#leases
    const equal = findEqual(held)
    if (equal !== undefined) return this.#leases.merge(equal)
    const share = nextOf(held)
    if (share === undefined) return this.#watch()
    share.turn = ++this.#turns
    const pulled = await this.#pull(share, held)
    if (pulled === undefined) return
    if (pulled.wentBackTo !== null) return this.#goBack(share, pulled, pulled.wentBackTo)
    const events = pulled.events.filter(event => isOf(share.stored.buckets, event.stream))
    if (events.length > 0) await this.#effects.handle(share, events, pulled)
    share.cursor = pulled.cursor
    share.behind = pulled.behind
    if (performance.now() - share.savedAt > saveIdleEvery) await this.#save(share)
    this.#lag.handled({ ...pulled, events, behind: Math.max(...held.map(each => each.behind)) })
    if (events.length > 0 && pulled.events.length < pageSize)
      await this.#newsBell.sleep(untilTheBeat(this.#subscription.pace))
  }

  // Others do the work: there is nothing to wait for but a share.
  async #watch(): Promise<void> {
    if (this.#leases.areOthersAlive) this.#lag.leftToOthers()
    await this.#newsBell.sleep(lookAgainAfter)
  }

  async #pull(share: HeldShare, held: readonly HeldShare[]): Promise<Pulled | undefined> {
    const remembered = share.isReplaced
      ? [...(await rememberedRuns(this.#db, this.#subscription.name))]
      : undefined
    if (this.#stopped || this.#leases.isUnsettled) return undefined
    const cursor = towardsOthers(share, held)
    try {
      const pulled = await this.#puller.next({ cursor, ...(remembered && { remembered }) }, held.length === 1)
      if (pulled !== undefined) share.isReplaced = false
      return pulled
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'event-log-replaced' || share.isReplaced) throw error
      share.isReplaced = true
      return undefined
    }
  }

  async #begin(): Promise<EventCursor | undefined> {
    const first = this.#stopped ? undefined : await this.#puller.next({ begin: 'first' }, false)
    return first && startOf(first.batch)
  }

  async #goBack(share: HeldShare, pulled: Pulled, tick: number): Promise<void> {
    const { name } = this.#subscription
    this.#log.warn(
      { subscription: name, tick },
      'The past of the log was replaced: going back, skipping what was handled',
    )
    const moved = await moveShareBack(this.#db, name, share.stored, startOf(pulled.batch), tick)
    this.#leases.distrust()
    if (!moved) throw new ShareMoved()
  }

  async #leave(): Promise<void> {
    try {
      for (const share of this.#leases.held) await this.#save(share)
    } finally {
      await this.#leases.stop()
    }
  }

  // Events of no concern move the place in memory alone; the table follows now and then, so that old months can be dropped.
  async #save(share: HeldShare): Promise<void> {
    share.savedAt = performance.now()
    const { cursor, stored } = share
    if (cursor.from.tick !== stored.cursor.from.tick) await this.#effects.pass(share, cursor)
  }
}

/**
 * Milliseconds to the next multiple of the pace: subscriptions of one pace, or of multiples of it, wake together and read the same batch, which
 * their producer reads once for all.
 */
const untilTheBeat = (pace: number) => (pace === 0 ? 0 : pace - (Date.now() % pace))

const startOf = ({ branch, from }: EventCursor): EventCursor => ({ branch, from })
