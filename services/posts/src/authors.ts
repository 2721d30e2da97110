import type { Context } from '@plaza/kernel/call'
import type { UserId } from '@plaza/kernel/contract'
import { type BroadcastSubscription, broadcast } from '@plaza/kernel/events'
import type { Kit } from '@plaza/kernel/service'
import { type Card, userNotFound, users } from '@plaza/users/contract'
import type { Asker } from './viewers.ts'

export interface Authors {
  /** The author's card: the asker's own as it is now, others' at most a moment old. Throws `user-not-found`. */
  get(id: UserId, asker: Asker | undefined, context: Context): Promise<Card> | Card
  readonly subscription: BroadcastSubscription
}

/** A card, and the version of its person's relations that it was read at, if that was known. */
interface KnownCard {
  readonly card: Card
  readonly asOf: number
}

/** Cards of authors, kept in memory until their profile changes. */
export function authorsOf({ call, cache }: Kit): Authors {
  const kept = cache.of<KnownCard>({ name: 'posts.authors', maxEntries: 50_000, freshFor: 600_000 })
  const load = async (id: UserId, asOf: number, context: Context): Promise<KnownCard> => {
    const [card] = await call(users).cards({ ids: [id] }, context)
    if (card === undefined) throw userNotFound(`There is no person ${id}.`)
    return { card, asOf }
  }
  const read = async (id: UserId, asOf: number, context: Context) => {
    if (asOf === 0) return (await kept.get(id, () => load(id, asOf, context))).card
    const own = await load(id, asOf, context)
    kept.set(id, own)
    return own.card
  }
  return {
    // What memory has is there without waiting: a thread shows fifty of them.
    get: (id, asker, context) => {
      // A profile's edit raises the version of its owner's relations too.
      const asOf = id === asker?.id ? asker.version : 0
      const known = kept.peek(id)
      return known !== undefined && known.asOf >= asOf ? known.card : read(id, asOf, context)
    },
    subscription: broadcast(
      'authors',
      users,
      { profileChanged: event => kept.delete(event.data.userId) },
      () => kept.clear(),
    ),
  }
}
