import { type Account, auth } from '@plaza/auth/contract'
import { type Call, newContext } from '@plaza/kernel/call'
import type { UserId } from '@plaza/kernel/contract'
import { batched, type Db, newUuid } from '@plaza/kernel/data'
import { appendEvents, newEvent } from '@plaza/kernel/events'
import type { Metrics } from '@plaza/kernel/telemetry'
import { users } from './contract.ts'
import { insertProfiles } from './profile-store.ts'

/** Makes profiles of accounts that have none, coalesced; making one twice is making it once. */
export function profileMaker(db: Db, call: Call, metrics: Metrics) {
  return {
    /** True when auth knows the account: from now on the profile is there. */
    byId: batched({
      name: 'users.make-by-id',
      load: async (ids: readonly UserId[]) => {
        const accounts = await call(auth).accounts({ ids: [...ids] }, ownContext())
        await makeProfiles(db, accounts)
        return new Map(accounts.map(account => [account.id, true]))
      },
      metrics,
    }),
    /** The id of the account with this username, in lower case. */
    byUsername: batched({
      name: 'users.make-by-username',
      load: async (usernames: readonly string[]) => {
        const accounts = await call(auth).accountsByUsername({ usernames: [...usernames] }, ownContext())
        await makeProfiles(db, accounts)
        return new Map(accounts.map(account => [account.username.toLowerCase(), account.id]))
      },
      metrics,
    }),
  }
}

async function makeProfiles(db: Db, accounts: readonly Account[]): Promise<void> {
  if (accounts.length === 0) return
  await db.transaction(async tx => {
    const made = await insertProfiles(tx, accounts)
    if (made.length === 0) return
    await appendEvents(
      tx,
      made.map(userId => newEvent(users, 'profileChanged', userId, { userId })),
    )
  })
}

// Asked for many requests at once: it belongs to none of them.
const ownContext = () => newContext({ requestId: newUuid(0), deadline: Date.now() + 5_000 })
