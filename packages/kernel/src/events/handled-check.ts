import type { Context } from '../call/index.ts'
import type { Db } from '../data/index.ts'
import type { Looked } from '../service/checks.ts'
import { findParked, findUnhandled, listShares, type ShareRow } from './check-store.ts'
import type { EventCursor } from './cursor.ts'
import type { SharedSubscription } from './event.ts'
import type { LogOf } from './event-checks.ts'
import type { PulledEvent } from './operations.ts'
import { isOf } from './share-plan.ts'

interface HandledKit {
  readonly db: Db
  readonly logOf: LogOf
  readonly subscriptions: readonly SharedSubscription[]
}

/** Where the check is: in a share, and there in its producer's log from the tick `since` on. */
interface Place {
  readonly subscription: string
  readonly share: number
  readonly within?: { readonly cursor: EventCursor; readonly since: number }
}

const eventsAtOnce = 5_000

/**
 * Reads the producers' logs again, up to where each share's cursor was: every event of the share must be remembered as handled, or be a dead letter;
 * and none may have been handled while an earlier one of its stream is a dead letter. It begins where both sides still remember: 100,000 events
 * ago at most.
 */
export async function checkHandled(
  kit: HandledKit,
  after: string | undefined,
  context: Context,
): Promise<Looked> {
  const place = after === undefined ? undefined : (JSON.parse(after) as Place)
  const shares = await listShares(kit.db)
  const share = shares.find(each => place === undefined || isAtOrAfter(each, place))
  if (share === undefined) return { checked: 0, breaches: [], next: null }
  const isSame = share.subscription === place?.subscription && share.share === place.share
  const subscription = kit.subscriptions.find(each => each.name === share.subscription)
  const within = (isSame ? place.within : undefined) ?? (await begin(kit, subscription, share, context))
  if (subscription === undefined || within === undefined)
    return { checked: 0, breaches: [], next: behind(share) }

  const log = kit.logOf(subscription.producer.name)
  const { types } = subscription
  const input = { cursor: within.cursor, types: [...types], limit: eventsAtOnce, wait: 0 }
  const { events, cursor } = await log.$pullEvents(input, context)
  const own = events.filter(event => isOf(share.buckets, event.stream))
  const breaches = own.length === 0 ? [] : await breachesAmong(kit.db, subscription, own, within.since)
  const isDone = cursor.batch === undefined
  const next = isDone
    ? behind(share)
    : JSON.stringify({ ...placeOf(share), within: { ...within, cursor } } satisfies Place)
  return { checked: own.length, breaches, next }
}

/** The batch of all events from the oldest tick of use up to the share's cursor; undefined when there is none to compare. */
async function begin(
  { logOf }: HandledKit,
  subscription: SharedSubscription | undefined,
  share: ShareRow,
  context: Context,
): Promise<Place['within']> {
  if (subscription === undefined) return undefined
  const { branch, runs, since } = await logOf(subscription.producer.name).$logState({}, context)
  const { from: to, branch: own } = share.cursor as EventCursor
  // Of a run before a restart: what both have in common. The subscriber goes back from beyond that.
  const run = runs.find(each => each.branch === own)
  if (run === undefined || (run.last !== null && to.tick > run.last)) return undefined
  if (to.era !== since.era || to.tick <= since.tick) return undefined
  return { cursor: { branch, from: since, batch: { to, after: 0 } }, since: since.tick }
}

async function breachesAmong(
  db: Db,
  { name, producer, onParked }: SharedSubscription,
  events: readonly PulledEvent[],
  since: number,
): Promise<Looked['breaches']> {
  const ids = events.map(each => each.id)
  const [unhandled, parked] = await Promise.all([
    findUnhandled(db, name, since, ids),
    findParked(db, name, [...new Set(events.map(each => each.stream))]),
  ])
  return events.flatMap(({ id, type, stream, version, at }) => {
    const what = `${producer.name}.${type}, version ${version} of ${stream}, ${new Date(at).toISOString()}`
    if (unhandled.has(id)) return [{ id: `${name}/${id}`, detail: `${what}: passed by` }]
    const waits = onParked === 'wait' && version > (parked.lowest.get(stream) ?? Number.POSITIVE_INFINITY)
    if (!waits || parked.events.has(id)) return []
    return [
      { id: `${name}/${id}`, detail: `${what}: handled, or dropped, before the dead letters of its stream` },
    ]
  })
}

const placeOf = ({ subscription, share }: ShareRow): Place => ({ subscription, share })

/** The place after this share. */
const behind = ({ subscription, share }: ShareRow) =>
  JSON.stringify({ subscription, share: share + 1 } satisfies Place)

const isAtOrAfter = (row: ShareRow, { subscription, share }: Place) =>
  row.subscription > subscription || (row.subscription === subscription && row.share >= share)
