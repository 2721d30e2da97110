import { pagedList } from '@plaza/kernel/data'
import type { Handlers, Kit } from '@plaza/kernel/service'
import type { users } from './contract.ts'
import { findSeenProfile, seenProfile } from './get-profile.ts'
import { type List, readEntries } from './list-store.ts'
import type { People } from './people.ts'

/** Who follows a person, or whom they follow: newest first, each as the one who asks sees them. */
export function listPeople({ db }: Kit, people: People, list: List): Handlers<typeof users>[List] {
  const entries = pagedList(`users.${list}`, { id: 'uuid' })
  return async ({ id, ...request }, context) => {
    const viewer = context.identity?.userId
    const [page] = await Promise.all([
      entries.read(request, slice => readEntries(db, list, id, viewer, slice), id),
      seenProfile(people, id, context),
    ])
    const shown = await Promise.all(
      page.items.map(({ personId }) => findSeenProfile(people, personId, context)),
    )
    // Whoever blocked the viewer or was suspended since the page was read is gone from it.
    return { ...page, items: shown.filter(profile => profile !== undefined) }
  }
}
