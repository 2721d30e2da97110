import { type UserId, unauthenticated } from '@plaza/kernel/contract'
import { once, type Tx, toUuid } from '@plaza/kernel/data'
import { appendEvents, newEvent } from '@plaza/kernel/events'
import { isPermitted, type Role } from '@plaza/kernel/security'
import type { Handler, Kit } from '@plaza/kernel/service'
import {
  changeRoles,
  findStandings,
  lockAccount,
  lockWithAdmins,
  suspendAccount,
  toRoles,
  unsuspendAccount,
} from './account-store.ts'
import { auth, lastAdmin, mayNotSuspend, sellingClosed, userNotFound } from './contract.ts'
import { endAllSessions } from './session-store.ts'

interface RolesAnswer {
  roles: Role[]
}

/** Gives the one who asks the role `seller`. */
export function becomeSeller(kit: Kit): Handler<unknown, RolesAnswer> {
  return async (_input, context) => {
    const { identity } = context
    if (identity === undefined) throw unauthenticated('Log in first.')
    if (!kit.config.openSelling) throw sellingClosed('An admin makes sellers here: ask one.')
    return once(kit.db, context, async tx => {
      const account = await lockAccount.maybe(tx, { id: toUuid(identity.userId) })
      if (account === undefined || account.suspended)
        throw unauthenticated('This account cannot sell. Log in again.')
      const { userId } = identity
      return { roles: await giveRoles(tx, userId, account.roles, [...account.roles, 'seller'], userId) }
    })
  }
}

/** What is given is what the person has from then on; nothing is added. */
export function setRoles(kit: Kit): Handler<{ id: UserId; roles: Role[] }, RolesAnswer> {
  return ({ id, roles }, { identity }) =>
    kit.db.transaction(async tx => {
      const person = await lockPerson(tx, id)
      if (person.isLastAdmin && !roles.includes('admin'))
        throw lastAdmin('Nobody else is an admin: make somebody one before you take it away.')
      return { roles: await giveRoles(tx, id, person.roles, roles, identity?.userId) }
    })
}

/** Ends all sessions of a person and refuses new ones; their tokens are worth nothing from now on. */
export function suspend(kit: Kit): Handler<{ id: UserId }, null> {
  return ({ id }, { identity }) => kit.db.transaction(tx => suspendNow(tx, id, identity?.userId))
}

interface Suspending {
  id: UserId
  by: UserId
}

/** Suspends for a moderator: neither admins nor moderators, which only who may manage people suspends. */
export function suspendFor(kit: Kit): Handler<Suspending, null> {
  return ({ id, by }, context) =>
    once(kit.db, context, async tx => {
      await assertAllowed(tx, id, by)
      return suspendNow(tx, id, by)
    })
}

export function assertMaySuspend(kit: Kit): Handler<Suspending, null> {
  return ({ id, by }) => kit.db.transaction(tx => assertAllowed(tx, id, by))
}

/** Lets a person log in again. What ended stays ended. */
export function unsuspend(kit: Kit): Handler<{ id: UserId }, null> {
  return ({ id }, { identity }) =>
    kit.db.transaction(async tx => {
      if ((await lockAccount.maybe(tx, { id: toUuid(id) })) === undefined) throw nobody(id)
      const unsuspended = await unsuspendAccount.maybe(tx, { id: toUuid(id) })
      if (unsuspended === undefined) return null
      const data = { userId: id, ...unsuspended, ...byWhom(identity?.userId) }
      await appendEvents(tx, [newEvent(auth, 'unsuspended', id, data)])
      return null
    })
}

async function suspendNow(tx: Tx, id: UserId, by: UserId | undefined): Promise<null> {
  const person = await lockPerson(tx, id)
  if (person.suspended) return null
  assertNotLast(person)
  const { revision } = await suspendAccount.one(tx, { id: toUuid(id) })
  await endAllSessions.run(tx, { accountId: toUuid(id) })
  const data = { userId: id, revision }
  await appendEvents(tx, [
    newEvent(auth, 'sessionsEnded', id, data),
    newEvent(auth, 'suspended', id, { ...data, ...byWhom(by) }),
  ])
  return null
}

/** Locks the person, so that they are no moderator's equal a moment later either. */
async function assertAllowed(tx: Tx, id: UserId, by: UserId): Promise<null> {
  const person = await lockPerson(tx, id)
  const [actor] = await findStandings.all(tx, { ids: [toUuid(by)] })
  const isManager = actor !== undefined && isPermitted(toRoles(actor.roles), 'users:manage')
  if (!isManager && isPermitted(toRoles(person.roles), 'moderation'))
    throw mayNotSuspend(`${id} is an admin or a moderator: only an admin suspends them.`)
  assertNotLast(person)
  return null
}

function assertNotLast({ isLastAdmin }: { readonly isLastAdmin: boolean }): void {
  if (isLastAdmin) throw lastAdmin('Nobody else is an admin: make somebody one before you suspend this one.')
}

async function lockPerson(tx: Tx, id: UserId) {
  const rows = await lockWithAdmins.all(tx, { id: toUuid(id) })
  const person = rows.find(row => row.id === toUuid(id))
  if (person === undefined) throw nobody(id)
  const isLastAdmin = person.is_admin && rows.every(row => row === person)
  return { ...person, isLastAdmin }
}

async function giveRoles(
  tx: Tx,
  id: UserId,
  before: readonly (string | null)[],
  wanted: readonly (string | null)[],
  by: UserId | undefined,
): Promise<Role[]> {
  const after = toRoles(wanted)
  if (after.length === before.length && after.every(role => before.includes(role))) return after
  const { revision } = await changeRoles.one(tx, { id: toUuid(id), roles: after })
  const data = { userId: id, revision, roles: after, ...byWhom(by) }
  await appendEvents(tx, [newEvent(auth, 'rolesChanged', id, data)])
  return after
}

const byWhom = (by: UserId | undefined) => by !== undefined && { by }

const nobody = (id: UserId) => userNotFound(`There is nobody with the id ${id}.`)
