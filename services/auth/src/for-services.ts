import type { UserId } from '@plaza/kernel/contract'
import { batched, toId, toUuid } from '@plaza/kernel/data'
import { accessTokenSeconds } from '@plaza/kernel/security'
import type { Handlers, Kit } from '@plaza/kernel/service'
import {
  findAccountIds,
  findAccounts,
  findAccountsByUsername,
  findChangedAccounts,
  findStandings,
  findSuspended,
  lookupKey,
  toAccount,
  toStanding,
} from './account-store.ts'
import type { auth } from './contract.ts'
import { findErasures } from './erasure-store.ts'
import { findEndedSessions } from './session-store.ts'

type Asked = 'accounts' | 'accountsByUsername' | 'standings' | 'suspendedIds' | 'accountIds' | 'revocations'

/** People in one part of `suspendedIds` and `accountIds`. */
const partSize = 1_000

/** Seconds a revocation is told: every token of before has expired then, also by a clock that is a minute slow. */
const toldFor = accessTokenSeconds + 60

/** What other services and gateways ask. */
export function forServices(kit: Kit): Pick<Handlers<typeof auth>, Asked> {
  const { db, metrics } = kit
  const standingOf = batched({
    name: 'auth.standings',
    load: async (ids: readonly UserId[]) => {
      const rows = await findStandings.all(db, { ids: ids.map(toUuid) })
      return new Map(rows.map(toStanding).map(standing => [standing.id, standing]))
    },
    metrics,
  })
  return {
    accounts: async ({ ids }) => (await findAccounts.all(db, { ids: ids.map(toUuid) })).map(toAccount),
    accountsByUsername: async ({ usernames }) =>
      (await findAccountsByUsername.all(db, { usernames: usernames.map(lookupKey) })).map(toAccount),
    standings: async ({ ids }) =>
      (await Promise.all(ids.map(standingOf))).filter(standing => standing !== undefined),
    suspendedIds: async ({ after }) => partOf(await findSuspended.all(db, partAfter(after))),
    accountIds: async ({ after }) => partOf(await findAccountIds.all(db, partAfter(after))),
    revocations: async () => {
      const [sessions, people, erasures] = await Promise.all([
        findEndedSessions.all(db, { seconds: toldFor }),
        findChangedAccounts.all(db, { seconds: toldFor }),
        findErasures.all(db, { seconds: toldFor }),
      ])
      return {
        sessions: sessions.map(({ id, until }) => ({ id: toId('session', id), until: until.toISOString() })),
        people: people.map(row => ({ ...toStanding(row), until: row.until.toISOString() })),
        erasures: erasures.map(row => ({
          userId: toId('user', row.account_id),
          sessionId: toId('session', row.session_id),
          until: row.until.toISOString(),
        })),
      }
    },
  }
}

const partAfter = (after: UserId | undefined) => ({
  after: after === undefined ? zero : toUuid(after),
  limit: partSize,
})

function partOf(rows: readonly { readonly id: string }[]) {
  const ids = rows.map(row => toId('user', row.id))
  return { ids, next: ids.length === partSize ? ids.at(-1)! : null }
}

const zero = '00000000-0000-0000-0000-000000000000'
