import { sql } from '@plaza/kernel/data'

const row = {
  id: 'uuid',
  post_id: 'uuid',
  author_id: 'uuid',
  action: 'text',
  decided_by: 'uuid?',
  carried_out_at: 'timestamptz?',
  refusal: 'text?',
} as const

export const findDecision = sql({ name: 'moderation.find-decision', params: { id: 'uuid' }, row })`
  select id, post_id, author_id, action, decided_by, carried_out_at, refusal
  from decisions
  where id = ${'id'}`

/** Dismissing is done once it is decided. */
export const insertDecision = sql({
  name: 'moderation.insert-decision',
  params: {
    id: 'uuid',
    postId: 'uuid',
    authorId: 'uuid',
    action: 'text',
    by: 'uuid',
    note: 'text?',
  },
})`
  insert into decisions (id, post_id, author_id, action, decided_by, note, carried_out_at)
  values (
    ${'id'}, ${'postId'}, ${'authorId'}, ${'action'}, ${'by'}, ${'note'},
    case when ${'action'} = 'dismiss' then now() end
  )`

/** Whether somebody decided that the post goes. */
export const findDecisionAgainst = sql({
  name: 'moderation.find-decision-against',
  params: { postId: 'uuid' },
  row: { id: 'uuid' },
})`
  select id
  from decisions
  where post_id = ${'postId'} and action <> 'dismiss'
  limit 1`

export const markCarriedOut = sql({
  name: 'moderation.mark-carried-out',
  params: { id: 'uuid', refusal: 'text?' },
})`
  update decisions
  set carried_out_at = now(), refusal = ${'refusal'}
  where id = ${'id'} and carried_out_at is null`
