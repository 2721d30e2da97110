import { SpanKind } from '@opentelemetry/api'
import type { Call } from '../call/index.ts'
import type { Db } from '../data/index.ts'
import { traced as inSpan, isTracingOn, type Logger, type Metrics } from '../telemetry/index.ts'
import { BroadcastRunner } from './broadcast-runner.ts'
import type { Subscription } from './event.ts'
import { Lag } from './lag.ts'
import { PullerOf } from './puller-of.ts'
import { SharedRunner } from './shared-runner.ts'

export interface SubscriptionKit {
  /** Who subscribes. */
  readonly service: string
  /** Where cursor and effects are; broadcast subscriptions need none. */
  readonly db: Db | undefined
  readonly call: Call
  readonly log: Logger
  readonly metrics: Metrics
}

export interface RunningSubscription {
  readonly name: string
  /** Resolves once it has been level with the log for the first time (broadcast: reset, and all events since; shared: in its share). */
  caughtUp(): Promise<void>
  /** Broadcast: it was level with the log within the last 15 s. Shared: true, for no answer waits for it. */
  isCaughtUp(): boolean
  /** Events not yet handled when it last looked, and seconds since it was level with the log. */
  lag(): { readonly events: number; readonly seconds: number }
  /** Resolves once the transaction that runs has ended; a pull that waits is left alone. */
  stop(): Promise<void>
}

const levelWithin = 15_000

/**
 * Runs a subscription in this process until it is stopped; what fails is logged and tried again.
 * @example
 * const running = runSubscription(shared('profiles', auth, handlers), { service: 'users', db, call, log, metrics })
 * await running.stop()
 */
export function runSubscription(subscription: Subscription, kit: SubscriptionKit): RunningSubscription {
  const { service, db, call, log, metrics } = kit
  const puller = new PullerOf(call, subscription)
  const traced = isTracingOn() ? withSpans(subscription, service) : subscription
  const lag = new Lag(metrics, service, subscription.name)
  const isShared = traced.kind === 'shared'
  if (isShared && db === undefined) {
    throw new Error(`${service}.${subscription.name} is shared and needs a database`)
  }
  const runner = isShared
    ? new SharedRunner(traced, { service, db: db as Db, puller, lag, log, metrics })
    : new BroadcastRunner(traced, puller, lag, log)
  return {
    name: subscription.name,
    caughtUp: () => lag.caughtUp,
    isCaughtUp: () => isShared || lag.wasLevelWithin(levelWithin),
    lag: () => lag.now,
    stop: () => runner.stop(),
  }
}

// A span for each transaction of a shared subscription, and for each event of a broadcast one.
function withSpans(subscription: Subscription, service: string): Subscription {
  const name = `${service} hears ${subscription.producer.name}: ${subscription.name}`
  const span = <T>(work: () => Promise<T>) => inSpan(name, SpanKind.CONSUMER, undefined, work)
  if (subscription.kind === 'shared') {
    return {
      ...subscription,
      handle: (events, tx, facts) => span(() => subscription.handle(events, tx, facts)),
    }
  }
  const handlers = Object.entries(subscription.handlers).map(
    ([type, handler]) => [type, (event: never) => span(async () => handler?.(event))] as const,
  )
  return { ...subscription, handlers: Object.fromEntries(handlers) }
}
