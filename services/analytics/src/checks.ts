import type { Check, Kit } from '@plaza/kernel/service'
import { compareActivePeople } from './day-store.ts'

const daysAtOnce = 30

export function checks({ db }: Pick<Kit, 'db'>): Readonly<Record<string, Check>> {
  return {
    'active-people': {
      promise: 'the active people of each day are those who are remembered, forgotten or erased',
      look: async after => {
        const days = await compareActivePeople.all(db, { after: after ?? '-infinity', limit: daysAtOnce })
        return {
          checked: days.length,
          breaches: days
            .filter(({ counted, remembered }) => counted !== remembered)
            .map(({ day, counted, remembered }) => ({
              id: day,
              detail: `counts ${counted} active people, and has ${remembered} to show for it`,
            })),
          next: days.length === daysAtOnce ? days.at(-1)!.day : null,
        }
      },
    },
  }
}
