import { toUuid } from '@plaza/kernel/data'
import { service } from '@plaza/kernel/service'
import { checks } from './checks.ts'
import { analytics } from './contract.ts'
import { countEvents } from './count-events.ts'
import { eraseActivePerson } from './day-store.ts'
import { listDays } from './list-days.ts'
import { upkeep } from './upkeep.ts'

export const analyticsService = service(analytics, new URL('../migrations/', import.meta.url), kit => {
  const hourly = upkeep(kit)
  return {
    handlers: { listDays: listDays(kit) },
    subscriptions: countEvents(),
    jobs: hourly.handlers,
    checks: checks(kit),
    personal: {
      // That somebody was active on a day tells them nothing that their posts and likes do not, and is gone in two days.
      export: async () => ({ records: [], next: null }),
      erase: async person => {
        const { erased } = await eraseActivePerson.one(kit.db, { user: toUuid(person) })
        return { done: true, erased: { activeDays: erased } }
      },
    },
    start: async () => {
      await hourly.begin()
    },
  }
})
