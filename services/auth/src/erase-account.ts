import type { SessionId, UserId } from '@plaza/kernel/contract'
import { toId, toUuid } from '@plaza/kernel/data'
import { appendEvents, newEvent } from '@plaza/kernel/events'
import type { EraseStep, Handler, Kit } from '@plaza/kernel/service'
import { lockWithAdmins } from './account-store.ts'
import { auth, onlyAdmin, userNotFound } from './contract.ts'
import {
  beginErasure,
  deleteAccount,
  deleteAddressesOf,
  deleteSessionsOf,
  findErasure,
  insertErasure,
  lockErasing,
} from './erasure-store.ts'
import { endAllSessions } from './session-store.ts'

/** Rows a step deletes at most of each table. */
const stepSize = 500

/**
 * The beginning of an erasure, and of no return: the person is logged out everywhere, cannot log in, and is as good as gone for others. Twice is once;
 * the session that asked first keeps its sight of the job.
 */
export function lockForErasure(
  kit: Kit,
): Handler<{ id: UserId; sessionId: SessionId }, { sessionId: SessionId }> {
  return ({ id, sessionId }) =>
    kit.db.transaction(async tx => {
      const accountId = toUuid(id)
      const rows = await lockWithAdmins.all(tx, { id: accountId })
      const account = rows.find(row => row.id === accountId)
      if (account === undefined) {
        const before = await findErasure.maybe(tx, { accountId })
        if (before === undefined) throw userNotFound(`There is nobody with the id ${id}.`)
        return { sessionId: toId('session', before.session_id) }
      }
      if (account.is_admin && rows.length === 1)
        throw onlyAdmin('Nobody else is an admin: make somebody one before you go.')
      const { revision } = await beginErasure.one(tx, { id: accountId })
      await endAllSessions.run(tx, { accountId })
      await insertErasure.run(tx, { accountId, sessionId: toUuid(sessionId) })
      // In this order: who hears of ended sessions knows already which one is spared.
      await appendEvents(tx, [
        newEvent(auth, 'erasing', id, { userId: id, sessionId }),
        newEvent(auth, 'sessionsEnded', id, { userId: id, revision }),
      ])
      return { sessionId }
    })
}

/** Erases the account, which is locked for it; e-mail and username are free with the last step. */
export function eraseAccount({ db }: Pick<Kit, 'db'>): (person: UserId) => Promise<EraseStep> {
  return person =>
    db.transaction(async tx => {
      const accountId = toUuid(person)
      const account = await lockErasing.maybe(tx, { id: accountId })
      if (account === undefined) return { done: true, erased: {} }
      if (!account.erasing) throw new Error(`${person} is not locked for erasure`)
      const session = await deleteSessionsOf.run(tx, { accountId, limit: stepSize })
      const knownAddress = await deleteAddressesOf.run(tx, { accountId, limit: stepSize })
      const erased = {
        ...(session > 0 && { session }),
        ...(knownAddress > 0 && { knownAddress }),
      }
      if (session === stepSize || knownAddress === stepSize) return { done: false, erased }
      await deleteAccount.run(tx, { id: accountId })
      await appendEvents(tx, [newEvent(auth, 'erased', person, { userId: person })])
      return { done: true, erased: { ...erased, account: 1 } }
    })
}
