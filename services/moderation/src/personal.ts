import type { UserId } from '@plaza/kernel/contract'
import { toId, toUuid, type Uuid } from '@plaza/kernel/data'
import type { ExportPart, Kit, PersonalData } from '@plaza/kernel/service'
import { toEntry } from './audit-store.ts'
import {
  closeReportsAbout,
  forgetDecider,
  forgetNotesAbout,
  forgetReporter,
  ownAudit,
  ownDecisions,
  ownReports,
} from './personal-store.ts'
import { toReport } from './report-store.ts'

type Db = Kit['db']

/** Rows of one part of an export, and of one step of an erasure. */
const limit = 500
const firstUuid: Uuid = '00000000-0000-0000-0000-000000000000'

/**
 * What this service holds of a person: the reports they made, what they decided as a moderator, what the audit trail says they did. Erased, reports
 * and decisions are nobody's and without words; the trail stays, for it holds ids only.
 */
export function personalData({ db }: Kit): PersonalData {
  return {
    export: async (person, after) => {
      const [kind = 'reports', place] = after?.split(' ') ?? []
      const at = kinds.findIndex(([name]) => name === kind)
      const part = await kinds[at]![1](db, person, place)
      const following = kinds[at + 1]?.[0] ?? null
      return { records: part.records, next: part.next === null ? following : `${kind} ${part.next}` }
    },
    erase: async person => {
      for (const [name, statement] of steps) {
        const changed = await statement.run(db, { person: toUuid(person), limit })
        if (changed > 0) return { done: false, erased: { [name]: changed } }
      }
      return { done: true, erased: {} }
    },
  }
}

/** Each takes some of what is left of its kind. */
const steps = [
  ['reports', forgetReporter],
  ['decisions', forgetDecider],
  ['reportsAbout', closeReportsAbout],
  ['decisionsAbout', forgetNotesAbout],
] as const

type Part = (db: Db, person: UserId, after: string | undefined) => Promise<ExportPart>

const kinds: readonly (readonly [name: string, part: Part])[] = [
  ['reports', exportReports],
  ['decisions', exportDecisions],
  ['audit', exportAudit],
]

async function exportReports(db: Db, person: UserId, after = firstUuid): Promise<ExportPart> {
  const rows = await ownReports.all(db, { person: toUuid(person), after, limit })
  const records = rows.map(row => ({ kind: 'report', data: toReport(row) }))
  return { records, next: rows.length < limit ? null : rows.at(-1)!.id }
}

async function exportDecisions(db: Db, person: UserId, after = firstUuid): Promise<ExportPart> {
  const rows = await ownDecisions.all(db, { person: toUuid(person), after, limit })
  const records = rows.map(({ post_id, action, note, decided_at }) => ({
    kind: 'decision',
    data: { postId: toId('post', post_id), action, note, at: decided_at.toISOString() },
  }))
  return { records, next: rows.length < limit ? null : rows.at(-1)!.id }
}

async function exportAudit(db: Db, person: UserId, after = '0'): Promise<ExportPart> {
  const rows = await ownAudit.all(db, { person: toUuid(person), after: Number(after), limit })
  const records = rows.map(row => ({ kind: 'audit', data: toEntry(row) }))
  return { records, next: rows.length < limit ? null : `${rows.at(-1)!.position}` }
}
