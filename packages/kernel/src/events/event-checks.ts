import { Check as isA } from 'typebox/value'
import type { Call, Client, Context } from '../call/index.ts'
import { contract } from '../contract/index.ts'
import type { Db } from '../data/index.ts'
import type { Check, Looked } from '../service/checks.ts'
import { listLetterOrder, listShares, type ShareRow } from './check-store.ts'
import { EventCursor } from './cursor.ts'
import type { SharedSubscription, Subscription } from './event.ts'
import { checkHandled } from './handled-check.ts'
import { eventOperations, type LogStateView } from './operations.ts'
import { allBuckets, countBuckets } from './share-plan.ts'

export interface EventChecksKit {
  readonly db: Db
  readonly call: Call
}

/** What a producer answers about its log. */
export type LogOf = (producer: string) => Log
type Log = Client<typeof eventOperations>

type Breaches = { id: string; detail: string }[]

/** This long (ms) a subscription may stand before an event. */
const longestStill = 120_000
const lettersAtOnce = 1_000

/** What the kernel promises of every service's subscriptions. */
export function eventChecks(
  { db, call }: EventChecksKit,
  all: readonly Subscription[],
): Readonly<Record<string, Check>> {
  const subscriptions = all.filter(each => each.kind === 'shared')
  const logOf: LogOf = producer => call(contract(producer, eventOperations))
  return {
    $cursors: {
      promise: 'cursors stand in their logs, and each stream is in one share',
      look: async (_after, context) => {
        const rows = await listShares(db)
        const states = new Map<string, LogStateView>()
        for (const { producer } of subscriptions)
          if (!states.has(producer.name))
            states.set(producer.name, await logOf(producer.name).$logState({}, context))
        const breaches = subscriptions.flatMap(({ name, producer }) => {
          const own = rows.filter(row => row.subscription === name)
          return [...bucketBreaches(name, own), ...cursorBreaches(own, states.get(producer.name)!)]
        })
        return { checked: rows.length, breaches, next: null }
      },
    },
    $handled: {
      promise: 'each event before a cursor was handled or is a dead letter, and none before its turn',
      look: (after, context) => checkHandled({ db, logOf, subscriptions }, after, context),
    },
    $level: {
      promise: 'no subscription stands still before an event',
      needs: 'work',
      look: async (_after, context) => {
        const rows = await listShares(db)
        const breaches: Breaches = []
        for (const { name, producer } of subscriptions) {
          const own = rows.filter(row => row.subscription === name)
          breaches.push(...(await standing(name, own, logOf(producer.name), context)))
        }
        return { checked: rows.length, breaches, next: null }
      },
    },
    $letters: {
      promise: 'the dead letters of a stream are in its order',
      look: after => lettersInOrder(db, subscriptions, after),
    },
  }
}

function bucketBreaches(subscription: string, shares: readonly ShareRow[]): Breaches {
  if (shares.length === 0) return []
  const together = shares.reduce((sum, each) => sum | each.buckets, 0)
  const count = shares.reduce((sum, each) => sum + countBuckets(each.buckets), 0)
  if (together === allBuckets && count === countBuckets(allBuckets)) return []
  const detail = `its ${shares.length} shares hold ${count} buckets of streams, ${countBuckets(together)} different ones of 16`
  return [{ id: subscription, detail }]
}

function cursorBreaches(shares: readonly ShareRow[], { branch, runs, newest }: LogStateView): Breaches {
  return shares.flatMap(({ subscription, share, cursor }) => {
    const id = `${subscription}/${share}`
    if (!isA(EventCursor, cursor)) return [{ id, detail: 'its cursor has no form of one' }]
    if (!runs.some(run => run.branch === cursor.branch))
      return [{ id, detail: `its cursor is of the run ${cursor.branch}, which the log does not know` }]
    const { tick, total } = cursor.batch?.to ?? cursor.from
    if (cursor.branch !== branch || (tick <= newest.tick && total <= newest.total)) return []
    const detail = `its cursor is at tick ${tick} (${total} events), the log at ${newest.tick} (${newest.total})`
    return [{ id, detail }]
  })
}

// Whoever runs a share moves its cursor within seconds past whatever is written, of concern or not.
async function standing(
  subscription: string,
  shares: readonly ShareRow[],
  log: Log,
  context: Context,
): Promise<Breaches> {
  const nothing = { share: 0, cursor: undefined, idle: Number.POSITIVE_INFINITY }
  const breaches: Breaches = []
  for (const { share, cursor, idle } of shares.length === 0 ? [nothing] : shares) {
    if (idle < longestStill) continue
    const id = `${subscription}/${share}`
    const place = cursor === undefined ? { begin: 'first' as const } : { cursor: cursor as EventCursor }
    try {
      const { events, behind } = await log.$pullEvents({ ...place, limit: 1, wait: 0 }, context)
      const next = events[0]
      if (next === undefined || Date.now() - next.at < longestStill) continue
      const since =
        cursor === undefined ? 'it never began' : `it has not moved for ${Math.round(idle / 1000)} s`
      const first = `${next.id}, ${next.type} of ${next.stream}, ${new Date(next.at).toISOString()}`
      breaches.push({ id, detail: `${since}, with ${behind} events before it: ${first}` })
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'event-log-replaced') throw error
      breaches.push({ id, detail: 'its log was replaced by one that it does not know' })
    }
  }
  return breaches
}

async function lettersInOrder(
  db: Db,
  subscriptions: readonly SharedSubscription[],
  after: string | undefined,
): Promise<Looked> {
  const waits = new Set(subscriptions.filter(each => each.onParked === 'wait').map(each => each.name))
  const letters = await listLetterOrder(db, Number(after ?? 0), lettersAtOnce)
  return {
    checked: letters.length,
    breaches: letters
      .filter(each => each.isBehind && waits.has(each.subscription))
      .map(({ id, subscription, stream, version }) => ({
        id: String(id),
        detail: `version ${version} of ${stream} (${subscription}) stands behind a later one`,
      })),
    next: letters.length === lettersAtOnce ? String(letters.at(-1)!.id) : null,
  }
}
