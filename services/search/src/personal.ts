import { toUuid } from '@plaza/kernel/data'
import type { Kit, PersonalData } from '@plaza/kernel/service'
import { lockSlots, noteGone } from './index-state.ts'
import { dropPeople } from './person-index.ts'
import { dropPostsOf } from './post-index.ts'

/** Rows of one step. */
const stepSize = 1_000

/** All that is held is drawn from posts and users: they export it, and what they erase goes here by their events too. */
export function personal({ db }: Pick<Kit, 'db'>): PersonalData {
  return {
    export: async () => ({ records: [], next: null }),
    erase: person =>
      db.transaction(async tx => {
        const { isBuilding } = await lockSlots(tx)
        const ids = await dropPostsOf(tx, person, stepSize)
        const people = await dropPeople(tx, [person])
        if (isBuilding) await noteGone(tx, [...new Set([...ids, toUuid(person)])])
        const erased = {
          ...(ids.length > 0 && { documents: ids.length }),
          ...(people > 0 && { people }),
        }
        return { done: ids.length < stepSize, erased }
      }),
  }
}
