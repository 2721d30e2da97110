import type { UserId } from '@plaza/kernel/contract'
import { type RowOf, sql, type Tx, toId, toUuid, type Uuid } from '@plaza/kernel/data'
import type { AuditAction, AuditEntry } from './contract.ts'

/** Something somebody did, about to be written down. */
export interface NewEntry {
  /** Unique for ever: writing it down twice is once. */
  readonly id: Uuid
  readonly at: Date
  /** Undefined: Plaza itself. */
  readonly actor: UserId | undefined
  readonly action: AuditAction
  readonly target: string
  /** Ids and codes, never text. */
  readonly detail: AuditEntry['detail']
}

export async function addToAudit(tx: Tx, entry: NewEntry): Promise<void> {
  const actor = entry.actor === undefined ? null : toUuid(entry.actor)
  await insert.run(tx, { ...entry, actor, detail: JSON.stringify(entry.detail) })
}

const insert = sql({
  name: 'moderation.add-to-audit',
  params: {
    id: 'uuid',
    at: 'timestamptz',
    actor: 'uuid?',
    action: 'text',
    target: 'text',
    detail: 'jsonb',
  },
})`
  insert into audit (id, at, actor, action, target, detail)
  values (${'id'}, ${'at'}, ${'actor'}, ${'action'}, ${'target'}, ${'detail'})
  on conflict (id) do nothing`

const row = {
  position: 'int8',
  id: 'uuid',
  at: 'timestamptz',
  actor: 'uuid?',
  action: 'text',
  target: 'text',
  detail: 'jsonb',
} as const

export function toEntry(from: RowOf<typeof row>): AuditEntry {
  return {
    id: toId('event', from.id),
    at: from.at.toISOString(),
    actor: from.actor === null ? null : toId('user', from.actor),
    action: from.action as AuditAction,
    target: from.target,
    detail: from.detail as AuditEntry['detail'],
  }
}

const page = { from: 'int8', limit: 'int4' } as const
const byAction = { action: 'text', ...page } as const
const byActor = { actor: 'uuid', action: 'text?', ...page } as const
const byTarget = { target: 'text', actor: 'uuid?', action: 'text?', ...page } as const

/** Each filter reads its own index; `next` is towards the older. What else is asked sorts out what that finds. */
export const auditLists = {
  all: {
    next: sql({ name: 'moderation.audit-older', params: page, row })`
      select position, id, at, actor, action, target, detail
      from audit
      where position < ${'from'}
      order by position desc
      limit ${'limit'}`,
    prev: sql({ name: 'moderation.audit-newer', params: page, row })`
      select position, id, at, actor, action, target, detail
      from audit
      where position > ${'from'}
      order by position
      limit ${'limit'}`,
  },
  byAction: {
    next: sql({ name: 'moderation.audit-by-action-older', params: byAction, row })`
      select position, id, at, actor, action, target, detail
      from audit
      where action = ${'action'} and position < ${'from'}
      order by position desc
      limit ${'limit'}`,
    prev: sql({ name: 'moderation.audit-by-action-newer', params: byAction, row })`
      select position, id, at, actor, action, target, detail
      from audit
      where action = ${'action'} and position > ${'from'}
      order by position
      limit ${'limit'}`,
  },
  byActor: {
    next: sql({ name: 'moderation.audit-by-actor-older', params: byActor, row })`
      select position, id, at, actor, action, target, detail
      from audit
      where actor = ${'actor'} and position < ${'from'}
        and (${'action'} is null or action = ${'action'})
      order by position desc
      limit ${'limit'}`,
    prev: sql({ name: 'moderation.audit-by-actor-newer', params: byActor, row })`
      select position, id, at, actor, action, target, detail
      from audit
      where actor = ${'actor'} and position > ${'from'}
        and (${'action'} is null or action = ${'action'})
      order by position
      limit ${'limit'}`,
  },
  byTarget: {
    next: sql({ name: 'moderation.audit-by-target-older', params: byTarget, row })`
      select position, id, at, actor, action, target, detail
      from audit
      where target = ${'target'} and position < ${'from'}
        and (${'action'} is null or action = ${'action'})
        and (${'actor'} is null or actor = ${'actor'})
      order by position desc
      limit ${'limit'}`,
    prev: sql({ name: 'moderation.audit-by-target-newer', params: byTarget, row })`
      select position, id, at, actor, action, target, detail
      from audit
      where target = ${'target'} and position > ${'from'}
        and (${'action'} is null or action = ${'action'})
        and (${'actor'} is null or actor = ${'actor'})
      order by position
      limit ${'limit'}`,
  },
}
