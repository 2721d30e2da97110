import { type RowOf, sql, toId, type Uuid } from '@plaza/kernel/data'
import type { Action, QueuedReport, Report, ResolvedReport } from './contract.ts'

export const insertReport = sql({
  name: 'moderation.insert-report',
  params: {
    id: 'uuid',
    postId: 'uuid',
    authorId: 'uuid',
    reporterId: 'uuid',
    reason: 'text',
    note: 'text?',
  },
  row: { id: 'uuid' },
})`
  insert into reports (id, post_id, author_id, reporter_id, reason, note)
  values (${'id'}, ${'postId'}, ${'authorId'}, ${'reporterId'}, ${'reason'}, ${'note'})
  on conflict (post_id, reporter_id) where closed_at is null do nothing
  returning id`

export const findOpenReport = sql({
  name: 'moderation.find-open-report',
  params: { postId: 'uuid', reporterId: 'uuid' },
  row: { id: 'uuid' },
})`
  select id
  from reports
  where post_id = ${'postId'} and reporter_id = ${'reporterId'} and closed_at is null`

const row = {
  id: 'uuid',
  post_id: 'uuid',
  author_id: 'uuid',
  reporter_id: 'uuid?',
  reason: 'text',
  note: 'text?',
  created_at: 'timestamptz',
  closed_at: 'timestamptz?',
  decision_id: 'uuid?',
  action: 'text?',
  decision_note: 'text?',
  decided_by: 'uuid?',
  decided_at: 'timestamptz?',
} as const

/** A report with what was decided about it. */
export type ReportRow = RowOf<typeof row>

export const findReport = sql({ name: 'moderation.find-report', params: { id: 'uuid' }, row })`
  select r.id, r.post_id, r.author_id, r.reporter_id, r.reason, r.note, r.created_at, r.closed_at, r.decision_id,
    d.action, d.note as decision_note, d.decided_by, d.decided_at
  from reports r
  left join decisions d on d.id = r.decision_id
  where r.id = ${'id'}`

const params = { from: 'uuid', limit: 'int4' } as const

/** Each list in its order, and against it. */
export const reportLists = {
  open: {
    next: sql({ name: 'moderation.open-after', params, row })`
      select r.id, r.post_id, r.author_id, r.reporter_id, r.reason, r.note, r.created_at, r.closed_at, r.decision_id,
        d.action, d.note as decision_note, d.decided_by, d.decided_at
      from reports r
      left join decisions d on d.id = r.decision_id
      where r.closed_at is null and r.id > ${'from'}
      order by r.id
      limit ${'limit'}`,
    prev: sql({ name: 'moderation.open-before', params, row })`
      select r.id, r.post_id, r.author_id, r.reporter_id, r.reason, r.note, r.created_at, r.closed_at, r.decision_id,
        d.action, d.note as decision_note, d.decided_by, d.decided_at
      from reports r
      left join decisions d on d.id = r.decision_id
      where r.closed_at is null and r.id < ${'from'}
      order by r.id desc
      limit ${'limit'}`,
  },
  resolved: {
    next: sql({ name: 'moderation.resolved-after', params, row })`
      select r.id, r.post_id, r.author_id, r.reporter_id, r.reason, r.note, r.created_at, r.closed_at, r.decision_id,
        d.action, d.note as decision_note, d.decided_by, d.decided_at
      from reports r
      left join decisions d on d.id = r.decision_id
      where r.closed_at is not null and r.id > ${'from'}
      order by r.id
      limit ${'limit'}`,
    prev: sql({ name: 'moderation.resolved-before', params, row })`
      select r.id, r.post_id, r.author_id, r.reporter_id, r.reason, r.note, r.created_at, r.closed_at, r.decision_id,
        d.action, d.note as decision_note, d.decided_by, d.decided_at
      from reports r
      left join decisions d on d.id = r.decision_id
      where r.closed_at is not null and r.id < ${'from'}
      order by r.id desc
      limit ${'limit'}`,
  },
}

/** The open reports of a post, and this one, held in the order of their ids: who decides at the same moment waits. */
export const lockReports = sql({
  name: 'moderation.lock-reports',
  params: { id: 'uuid', postId: 'uuid' },
  row: { id: 'uuid', closed_at: 'timestamptz?', decision_id: 'uuid?' },
})`
  select id, closed_at, decision_id
  from reports
  where id = any(array(
    select id from reports where post_id = ${'postId'} and closed_at is null
    union
    select ${'id'}
  ))
  order by id
  for update`

export const closeReports = sql({
  name: 'moderation.close-reports',
  params: { ids: 'uuid[]', decisionId: 'uuid' },
})`
  update reports
  set closed_at = now(), decision_id = ${'decisionId'}
  where id = any(${'ids'}) and closed_at is null`

type ReportPart = Pick<ReportRow, 'id' | 'post_id' | 'reason' | 'note' | 'created_at' | 'closed_at'>

export function toReport(from: ReportPart): Report {
  return {
    id: toId('report', from.id),
    postId: toId('post', from.post_id),
    reason: from.reason as Report['reason'],
    note: from.note,
    status: from.closed_at === null ? 'open' : 'resolved',
    createdAt: from.created_at.toISOString(),
  }
}

/** What a moderator decided about it; null while nobody has. */
export function toResolution(from: ReportRow): QueuedReport['resolution'] {
  const { action, decision_note: note, decided_by, decided_at } = from
  if (action === null || decided_at === null) return null
  return { action: action as Action, note, by: personOf(decided_by), at: decided_at.toISOString() }
}

export function toResolved(from: ReportRow): ResolvedReport {
  const { note: _words, ...report } = toReport(from)
  const { note: _others, ...resolution } = toResolution(from)!
  return { ...report, resolution }
}

export const personOf = (id: Uuid | null) => (id === null ? null : toId('user', id))
