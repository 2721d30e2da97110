import type { Contract, DataOf } from '../contract/index.ts'
import type { Tx } from '../data/index.ts'

/** An event as subscribers read it. */
export interface EventOf<C extends Contract, T extends keyof C['events'] & string> {
  /** `event_…`: unique for ever; the same event handed over twice has the same id. */
  readonly id: string
  readonly type: T
  /** What the event belongs to (`user_…`, `post_…`): order holds within it. */
  readonly stream: string
  /** 1, 2, 3 … within the stream. */
  readonly version: number
  readonly data: DataOf<C['events'][T]>
  readonly at: Date
}

/** An event of whatever contract. */
export interface AnyEvent {
  readonly id: string
  readonly type: string
  readonly stream: string
  readonly version: number
  readonly data: unknown
  readonly at: Date
}

/** An event about to be written. */
export interface NewEvent {
  readonly type: string
  readonly stream: string
  readonly data: unknown
}

/** Makes an event of the contract, typed, ready for `append`. */
export function newEvent<C extends Contract, T extends keyof C['events'] & string>(
  _contract: C,
  type: T,
  stream: string,
  data: DataOf<C['events'][T]>,
): NewEvent {
  return { type, stream, data }
}

/** Handlers for some of a contract's event types. Types that are not named are passed over. */
export type EventHandlers<C extends Contract, Extra extends readonly unknown[]> = {
  readonly [T in keyof C['events'] & string]?: (event: EventOf<C, T>, ...extra: Extra) => Promise<void> | void
}

/** A shared subscription: each event has its effect once, in the transaction that moves the cursor. */
export interface SharedSubscription {
  readonly kind: 'shared'
  /** Unique in the subscribing service. */
  readonly name: string
  readonly producer: Contract
  /** The event types it hears. */
  readonly types: readonly string[]
  /** Has the effect of these events, in their order, in this transaction; `facts` is what `prepare` gave for these or more of them. */
  readonly handle: (events: readonly AnyEvent[], tx: Tx, facts?: unknown) => Promise<void>
  /** Asks other services what the effect needs, before the transaction: none waits for a call. */
  readonly prepare?: (events: readonly AnyEvent[]) => Promise<unknown>
  /** Runs in this process after a transaction with effects has committed, and not after a crash: a hint, never an effect. */
  readonly afterCommit: (() => void) | undefined
  /** What later events of a stream do when one of its events is parked: `wait` for it (default) or `pass` it by. */
  readonly onParked: 'wait' | 'pass'
  /** Milliseconds between two of its transactions while few events come: what may lag costs less when it travels together. */
  readonly pace: number
}

/** A broadcast subscription: every instance hears everything; for caches, inboxes, sockets, revocations. */
export interface BroadcastSubscription {
  readonly kind: 'broadcast'
  readonly name: string
  readonly producer: Contract
  readonly handlers: Readonly<Record<string, ((event: never) => Promise<void> | void) | undefined>>
  /**
   * Called before the first event, and whenever events may have been missed (a replaced log, too far behind): drop what was derived
   * and load it anew. The cursor was taken before the call, so nothing falls in between. The instance is not ready until it returns.
   */
  readonly reset: () => Promise<void> | void
}

export type Subscription = SharedSubscription | BroadcastSubscription

export interface SharedOptions {
  readonly onParked?: 'wait' | 'pass'
  readonly afterCommit?: () => void
  /** Milliseconds (default 0: at once). */
  readonly pace?: number
}

/**
 * Declares a shared subscription of this service to another's events.
 * @example
 * shared('profiles', auth, { registered: (event, tx) => createProfile.run(tx, event.data) })
 */
export function shared<C extends Contract>(
  name: string,
  producer: C,
  handlers: EventHandlers<C, [Tx]>,
  options: SharedOptions = {},
): SharedSubscription {
  const byType = handlers as Record<string, ((event: AnyEvent, tx: Tx) => Promise<void> | void) | undefined>
  return {
    kind: 'shared',
    name,
    producer,
    types: Object.keys(handlers),
    handle: async (events, tx) => {
      for (const event of events) await byType[event.type]?.(event, tx)
    },
    afterCommit: options.afterCommit,
    onParked: options.onParked ?? 'wait',
    pace: options.pace ?? 0,
  }
}

/**
 * Declares a shared subscription whose effect is had for many events at once: one statement where `shared` would send one for each. When it
 * throws, the events come one by one.
 */
export function sharedInBatches<C extends Contract, T extends keyof C['events'] & string>(
  name: string,
  producer: C,
  types: readonly T[],
  handle: (events: readonly EventOf<C, T>[], tx: Tx) => Promise<void>,
  options: SharedOptions = {},
): SharedSubscription {
  return {
    kind: 'shared',
    name,
    producer,
    types,
    handle: handle as SharedSubscription['handle'],
    afterCommit: options.afterCommit,
    onParked: options.onParked ?? 'wait',
    pace: options.pace ?? 0,
  }
}

/**
 * Declares a shared subscription whose effect needs more than the events say: `prepare` asks other services before the transaction, at a moment
 * after the events were committed. So what it tells is at least as new as each event; write it by version, for the next event may tell the same.
 * @example
 * sharedWithFacts('posts', posts, ['posted', 'edited'], events => call(posts).byIds({ ids: idsOf(events) }, context()), (events, tx, found) => …)
 */
export function sharedWithFacts<C extends Contract, T extends keyof C['events'] & string, F>(
  name: string,
  producer: C,
  types: readonly T[],
  prepare: (events: readonly EventOf<C, T>[]) => Promise<F>,
  handle: (events: readonly EventOf<C, T>[], tx: Tx, facts: F) => Promise<void>,
  options: SharedOptions = {},
): SharedSubscription {
  return {
    ...sharedInBatches(name, producer, types, async () => {}, options),
    prepare: prepare as NonNullable<SharedSubscription['prepare']>,
    handle: handle as SharedSubscription['handle'],
  }
}

/** Declares a broadcast subscription of this instance to another service's (or its own) events. */
export function broadcast<C extends Contract>(
  name: string,
  producer: C,
  handlers: EventHandlers<C, []>,
  reset: () => Promise<void> | void,
): BroadcastSubscription {
  return { kind: 'broadcast', name, producer, handlers: handlers as BroadcastSubscription['handlers'], reset }
}
