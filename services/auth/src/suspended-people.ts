import { newContext } from '@plaza/kernel/call'
import type { UserId } from '@plaza/kernel/contract'
import { newUuid } from '@plaza/kernel/data'
import { type BroadcastSubscription, broadcast } from '@plaza/kernel/events'
import type { Kit } from '@plaza/kernel/service'
import type { auth } from './contract.ts'

export interface SuspendedPeople {
  /** Whether the person is suspended, as heard a moment ago. */
  has(person: UserId): boolean
  readonly size: number
  /** All of them, for queries that must leave them out; ask again each time. */
  readonly ids: ReadonlySet<UserId>
  /** Keeps it up to date: one of the service's subscriptions. */
  readonly subscription: BroadcastSubscription
}

/**
 * Who is suspended or being erased, in the memory of each instance: everything of theirs is left out of what is shown. There are few, so a look costs nothing.
 * @example
 * const suspended = suspendedPeople(kit, auth) // and `suspended.subscription` among the service's
 */
export function suspendedPeople({ call }: Pick<Kit, 'call'>, owner: typeof auth): SuspendedPeople {
  let people = new Set<UserId>()
  const load = async () => {
    const found = new Set<UserId>()
    let after: UserId | undefined
    do {
      const context = newContext({ requestId: newUuid(0), deadline: Date.now() + 10_000 })
      const page = await call(owner).suspendedIds(after === undefined ? {} : { after }, context)
      for (const id of page.ids) found.add(id)
      after = page.next ?? undefined
    } while (after !== undefined)
    people = found
  }
  return {
    has: person => people.size > 0 && people.has(person),
    get size() {
      return people.size
    },
    get ids() {
      return people
    },
    subscription: broadcast(
      'suspended-people',
      owner,
      {
        suspended: ({ data }) => {
          people.add(data.userId)
        },
        erasing: ({ data }) => {
          people.add(data.userId)
        },
        // By now the services have nothing of theirs left to show.
        erased: ({ data }) => {
          people.delete(data.userId)
        },
        unsuspended: ({ data }) => {
          people.delete(data.userId)
        },
      },
      load,
    ),
  }
}
