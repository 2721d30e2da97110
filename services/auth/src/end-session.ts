import { unauthenticated } from '@plaza/kernel/contract'
import { type Db, toId, toUuid, type Uuid } from '@plaza/kernel/data'
import { appendEvents, newEvent } from '@plaza/kernel/events'
import type { Handler, Kit } from '@plaza/kernel/service'
import { auth } from './contract.ts'
import { endSession } from './session-store.ts'

/** Ends the session of the token in hand, and no other. */
export function logOut(kit: Kit): Handler<unknown, null> {
  return async (_input, { identity }) => {
    if (identity === undefined) throw unauthenticated('Send the access token of the session to end.')
    await endOneSession(kit.db, toUuid(identity.sessionId), toUuid(identity.userId))
    return null
  }
}

/** Twice is the same as once, and told once. */
export async function endOneSession(db: Db, sessionId: Uuid, accountId: Uuid): Promise<void> {
  await db.transaction(async tx => {
    const ended = await endSession.run(tx, { id: sessionId, accountId })
    if (ended === 0) return
    const userId = toId('user', accountId)
    const data = { sessionId: toId('session', sessionId), userId }
    await appendEvents(tx, [newEvent(auth, 'sessionEnded', userId, data)])
  })
}
