import { sql } from '@plaza/kernel/data'

const part = { person: 'uuid', after: 'uuid', limit: 'int4' } as const

export const ownReports = sql({
  name: 'moderation.own-reports',
  params: part,
  row: {
    id: 'uuid',
    post_id: 'uuid',
    reason: 'text',
    note: 'text?',
    created_at: 'timestamptz',
    closed_at: 'timestamptz?',
  },
})`
  select id, post_id, reason, note, created_at, closed_at
  from reports
  where reporter_id = ${'person'} and id > ${'after'}
  order by id
  limit ${'limit'}`

export const ownDecisions = sql({
  name: 'moderation.own-decisions',
  params: part,
  row: { id: 'uuid', post_id: 'uuid', action: 'text', note: 'text?', decided_at: 'timestamptz' },
})`
  select id, post_id, action, note, decided_at
  from decisions
  where decided_by = ${'person'} and id > ${'after'}
  order by id
  limit ${'limit'}`

export const ownAudit = sql({
  name: 'moderation.own-audit',
  params: { person: 'uuid', after: 'int8', limit: 'int4' },
  row: {
    position: 'int8',
    id: 'uuid',
    at: 'timestamptz',
    actor: 'uuid?',
    action: 'text',
    target: 'text',
    detail: 'jsonb',
  },
})`
  select position, id, at, actor, action, target, detail
  from audit
  where actor = ${'person'} and position > ${'after'}
  order by position
  limit ${'limit'}`

// Reports are locked in the order of their ids, as who decides locks them.
const step = { person: 'uuid', limit: 'int4' } as const

/** An open report stays in the queue: what it says of the post is still to be looked at. */
export const forgetReporter = sql({ name: 'moderation.forget-reporter', params: step })`
  update reports
  set reporter_id = null, note = null
  where id = any(array(
    select id from reports where reporter_id = ${'person'} order by id limit ${'limit'} for update
  ))`

export const forgetDecider = sql({ name: 'moderation.forget-decider', params: step })`
  update decisions
  set decided_by = null, note = null
  where id = any(array(
    select id from decisions where decided_by = ${'person'} order by id limit ${'limit'}
  ))`

/** Notes about a person may name and quote them. */
export const closeReportsAbout = sql({ name: 'moderation.close-reports-about', params: step })`
  update reports
  set closed_at = coalesce(closed_at, now()), note = null
  where id = any(array(
    select id
    from reports
    where author_id = ${'person'} and (closed_at is null or note is not null)
    order by id
    limit ${'limit'}
    for update
  ))`

export const forgetNotesAbout = sql({ name: 'moderation.forget-notes-about', params: step })`
  update decisions
  set note = null
  where id = any(array(
    select id from decisions where author_id = ${'person'} and note is not null order by id limit ${'limit'}
  ))`
