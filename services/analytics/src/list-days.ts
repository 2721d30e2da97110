import { invalidInput } from '@plaza/kernel/contract'
import { pagedList } from '@plaza/kernel/data'
import type { Handlers, Kit } from '@plaza/kernel/service'
import type { analytics } from './contract.ts'
import { isDay } from './day.ts'
import { listNewerDays, listOlderDays } from './day-store.ts'

const days = pagedList('analytics.days', { day: 'text' })
const firstDay = '0001-01-01'
const lastDay = '9999-12-31'

export function listDays({ db }: Pick<Kit, 'db'>): Handlers<typeof analytics>['listDays'] {
  return async ({ from = firstDay, to = lastDay, ...page }) => {
    for (const [name, day] of Object.entries({ from, to })) {
      if (isDay(day)) continue
      const detail = 'is not a day of the calendar'
      throw invalidInput(`There is no day ${day}.`, { errors: [{ pointer: `/${name}`, detail }] })
    }
    return days.read(
      page,
      slice => {
        const { limit, towards } = slice
        // Beyond every day: without a cursor the list begins at its newest.
        const beside = slice.from?.day ?? 'infinity'
        const list = towards === 'next' ? listOlderDays : listNewerDays
        return list.all(db, { from, to, beside, limit })
      },
      `${from} ${to}`,
    )
  }
}
