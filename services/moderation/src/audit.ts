import { auth } from '@plaza/auth/contract'
import type { PageOf, UserId } from '@plaza/kernel/contract'
import { mapPage, pagedList, toUuid } from '@plaza/kernel/data'
import { type AnyEvent, type SharedSubscription, shared } from '@plaza/kernel/events'
import type { Handler, Kit } from '@plaza/kernel/service'
import { addToAudit, auditLists, type NewEntry, toEntry } from './audit-store.ts'
import type { AuditAction, AuditEntry } from './contract.ts'

/** Writes down what auth tells: its event's id makes it once. */
export function followAuth(): SharedSubscription {
  return shared('audit', auth, {
    rolesChanged: (event, tx) => addToAudit(tx, entryOf(event, 'person.roles-changed')),
    suspended: (event, tx) => addToAudit(tx, entryOf(event, 'person.suspended')),
    unsuspended: (event, tx) => addToAudit(tx, entryOf(event, 'person.unsuspended')),
    firstAdminMade: (event, tx) => addToAudit(tx, entryOf(event, 'person.first-admin-made')),
  })
}

interface AuthFact {
  readonly userId: UserId
  readonly by?: UserId
  readonly roles?: NonNullable<AuditEntry['detail']['roles']>
}

function entryOf({ id, at, data }: AnyEvent, action: AuditAction): NewEntry {
  const { userId, by, roles } = data as AuthFact
  return { id: toUuid(id), at, actor: by, action, target: userId, detail: roles ? { roles } : {} }
}

interface Input {
  readonly actor?: UserId
  readonly target?: string
  readonly action?: AuditAction
  readonly limit?: number
  readonly cursor?: string
}

const list = pagedList('moderation.audit', { position: 'int8' })
const beyondAll = Number.MAX_SAFE_INTEGER

/** The audit trail, newest first. */
export function listAudit({ db }: Kit): Handler<Input, PageOf<AuditEntry>> {
  return async ({ actor, target, action, ...request }) => {
    const filter = { actor: actor === undefined ? null : toUuid(actor), action: action ?? null }
    const page = await list.read(
      request,
      ({ towards, from, limit }) => {
        const place = { from: from?.position ?? (towards === 'next' ? beyondAll : 0), limit }
        if (target !== undefined) return auditLists.byTarget[towards].all(db, { ...filter, ...place, target })
        if (filter.actor !== null)
          return auditLists.byActor[towards].all(db, { ...filter, ...place, actor: filter.actor })
        if (action !== undefined) return auditLists.byAction[towards].all(db, { ...place, action })
        return auditLists.all[towards].all(db, place)
      },
      [actor, target, action].join(' '),
    )
    return mapPage(page, toEntry)
  }
}
