import type { Static } from 'typebox'
import type { Db } from '../data/index.ts'
import { toId } from '../data/index.ts'
import type { SharedSubscription, Subscription } from './event.ts'
import type { EventLogKit } from './event-log.ts'
import {
  countLetters,
  deleteLetter,
  findLetter,
  firstLetter,
  type Letter,
  letterView,
  listLetters,
  listLettersBefore,
  lockShareOf,
  noteFailure,
} from './letter-store.ts'
import { deadLetterNotFound, type eventOperations } from './operations.ts'
import { eventOf } from './puller-of.ts'

type Retried = Static<(typeof eventOperations.$retryDeadLetter)['output']>
type ListInput = Static<(typeof eventOperations.$deadLetters)['input']>

/** Answers `$deadLetters`, `$retryDeadLetter` and `$dropDeadLetter` for the subscriptions of a service. */
export function deadLetterHandlers(
  { service, db, log }: EventLogKit,
  subscriptions: readonly Subscription[],
) {
  const byName = new Map<string, SharedSubscription>(
    subscriptions.flatMap(each => (each.kind === 'shared' ? [[each.name, each] as const] : [])),
  )
  const getLetter = async (id: string): Promise<Letter> => {
    const letter = await findLetter(db, id)
    if (letter === undefined) throw deadLetterNotFound(`${service} has no dead letter ${id}.`)
    return letter
  }
  const getSubscription = (letter: Letter): SharedSubscription => {
    const found = byName.get(letter.subscription)
    if (found === undefined) {
      throw deadLetterNotFound(
        `${service} has no subscription ${letter.subscription} any more: drop its letters.`,
      )
    }
    return found
  }

  return {
    $deadLetters: async ({ after, before, limit }: ListInput) => {
      const letters = await (before === undefined
        ? listLetters(db, after, limit + 1)
        : listLettersBefore(db, before, limit + 1))
      const items = letters.slice(0, limit).map(letter => letterView(letter, service))
      const next = letters.length > limit ? items.at(-1)!.id : null
      return { items: before === undefined ? items : items.toReversed(), next }
    },

    $retryDeadLetter: async ({ id }: { readonly id: string }): Promise<Retried> => {
      const letter = await getLetter(id)
      const subscription = getSubscription(letter)
      return subscription.onParked === 'wait'
        ? retryStream(db, subscription, letter.stream)
        : retryOne(db, subscription, letter)
    },

    $dropDeadLetter: async ({ id }: { readonly id: string }): Promise<Retried> => {
      const letter = await getLetter(id)
      const { subscription: name, stream, event, type } = letter
      const next = await db.transaction(async tx => {
        await lockShareOf(tx, name, stream)
        await deleteLetter(tx, letter.id)
        return firstLetter(tx, name, stream)
      })
      log.warn({ subscription: name, event: toId('event', event), type, stream }, 'A dead letter was dropped')
      const subscription = byName.get(name)
      const onlyWaits = next !== undefined && next.error === null
      if (subscription?.onParked === 'wait' && onlyWaits) return retryStream(db, subscription, stream)
      return { handled: 0, left: await countLetters(db, name, stream), error: null }
    },
  }
}

const longest = 50_000

/** Handles a stream's letters, the oldest first, until one fails: each in its own transaction, with the deletion of its letter. */
async function retryStream(db: Db, subscription: SharedSubscription, stream: string): Promise<Retried> {
  const until = performance.now() + longest
  let handled = 0
  let error: string | null = null
  while (performance.now() < until) {
    let tried: Letter | undefined
    try {
      const done = await db.transaction(async tx => {
        await lockShareOf(tx, subscription.name, stream)
        tried = await firstLetter(tx, subscription.name, stream)
        if (tried === undefined) return false
        await handle(subscription, tried, tx)
        return true
      })
      if (!done) break
      handled++
      subscription.afterCommit?.()
    } catch (failure) {
      if (tried === undefined) throw failure
      error = await noteFailure(db, tried.id, failure)
      break
    }
  }
  return { handled, left: await countLetters(db, subscription.name, stream), error }
}

async function retryOne(db: Db, subscription: SharedSubscription, letter: Letter): Promise<Retried> {
  let handled = 0
  let error: string | null = null
  try {
    await db.transaction(async tx => {
      await lockShareOf(tx, subscription.name, letter.stream)
      if ((await findLetter(tx, String(letter.id))) === undefined) return
      await handle(subscription, letter, tx)
      handled = 1
    })
    if (handled > 0) subscription.afterCommit?.()
  } catch (failure) {
    error = await noteFailure(db, letter.id, failure)
    handled = 0
  }
  return { handled, left: await countLetters(db, subscription.name, letter.stream), error }
}

async function handle(
  subscription: SharedSubscription,
  letter: Letter,
  tx: Parameters<typeof deleteLetter>[0],
) {
  const { id, event, type, stream, version, data, happenedAt } = letter
  await deleteLetter(tx, id)
  const pulled = {
    position: 0,
    id: toId('event', event),
    type,
    stream,
    version,
    data,
    at: happenedAt.getTime(),
  }
  if (!subscription.types.includes(type)) return
  const events = [eventOf(pulled)]
  // An operator's one letter at a time: here alone a call is made while a transaction is open.
  await subscription.handle(events, tx, await subscription.prepare?.(events))
}
