import { setTimeout as sleep } from 'node:timers/promises'
import { type Call, makeCall } from '@plaza/kernel/call'
import { Closed, contract, event, Type, unavailable } from '@plaza/kernel/contract'
import type { Db } from '@plaza/kernel/data'
import {
  appendEvents,
  deadLetterHandlers,
  type EventLog,
  newEvent,
  type Subscription,
  startEventLog,
} from '@plaza/kernel/events'
import type { Handler } from '@plaza/kernel/service'
import { makeLogger, makeMetrics } from '@plaza/kernel/telemetry'

/** A service that only tells what happened. */
export const things = contract(
  'things',
  {},
  { happened: event(Closed({ n: Type.Integer() })), ignored: event(Closed({})) },
)

export const log = makeLogger({ level: 'silent', pretty: false })
const metrics = makeMetrics()

/** Serves a service's log as a process would. */
export async function serve(db: Db, options: { readonly ticks?: boolean } = {}) {
  const events = await startEventLog({ service: things.name, db, log, metrics, ...options })
  return { ...events, [Symbol.asyncDispose]: () => events.stop() }
}

/** Calls whichever log `current` gives at the moment; unavailable while it gives none. */
export function callTo(current: () => EventLog | undefined): Call {
  return makeCall({
    invoke: async (_service, operation, input, context) => {
      const handlers = current()?.handlers as Record<string, Handler<never, unknown>> | undefined
      if (handlers === undefined) throw unavailable('The producer is away.')
      return handlers[operation]!(input as never, context)
    },
  })
}

export const kit = (db: Db, call: Call) => ({ service: 'listener', db, call, log, metrics })

export const letters = (db: Db, subscriptions: readonly Subscription[]) =>
  deadLetterHandlers({ service: 'listener', db, log, metrics }, subscriptions)

let last = 0

/** Appends numbered events to a stream in one transaction and returns their numbers. */
export async function happen(
  db: Db,
  count = 1,
  stream: string | ((i: number) => string) = 'a',
): Promise<number[]> {
  const numbers = Array.from({ length: count }, () => ++last)
  const nameOf = typeof stream === 'string' ? () => stream : stream
  await db.transaction(tx =>
    appendEvents(
      tx,
      numbers.map((n, i) => newEvent(things, 'happened', nameOf(i), { n })),
    ),
  )
  return numbers
}

/** Waits for a fact, ten seconds at most. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  what = 'what was waited for',
): Promise<void> {
  for (const end = Date.now() + 10_000; !(await isSo()); await sleep(5)) {
    if (Date.now() > end) throw new Error(`In 10 s ${what} did not come about`)
  }
}
