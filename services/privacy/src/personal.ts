import { toId, toUuid } from '@plaza/kernel/data'
import type { Kit, PersonalData } from '@plaza/kernel/service'
import { deleteExportsOf, exportsOf } from './export-store.ts'

const mostExports = 100
const stepSize = 20

/** Archives are copies of what others hold: one export does not hold the others, but says that they are there. */
export function personal({ db }: Kit): PersonalData {
  return {
    export: async person => {
      const rows = await exportsOf.all(db, { personId: toUuid(person), limit: mostExports })
      const records = rows.map(row => ({
        kind: 'export',
        data: { jobId: toId('job', row.id), ready: row.ready, expiresAt: row.expires_at.toISOString() },
      }))
      return { records, next: null }
    },
    erase: async person => {
      const deleted = await deleteExportsOf.run(db, { personId: toUuid(person), limit: stepSize })
      return { done: deleted < stepSize, erased: deleted > 0 ? { export: deleted } : {} }
    },
  }
}
