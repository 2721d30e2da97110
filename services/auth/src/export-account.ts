import type { UserId } from '@plaza/kernel/contract'
import { toId, toUuid } from '@plaza/kernel/data'
import type { ExportPart, Kit } from '@plaza/kernel/service'
import { findAccounts, toAccount } from './account-store.ts'
import { addressesOf, sessionsOf } from './erasure-store.ts'

const partSize = 500
const zero = '00000000-0000-0000-0000-000000000000'

/**
 * The account and its sessions, as the person may know them: neither hashes of passwords and tokens nor of addresses, of which only a keyed hash is
 * kept, so that when somebody was seen there is all there is to say.
 */
export function exportAccount({ db }: Pick<Kit, 'db'>) {
  return async (person: UserId, after: string | undefined): Promise<ExportPart> => {
    const accountId = toUuid(person)
    const first = after === undefined ? await accountFacts(accountId) : []
    const sessions = await sessionsOf.all(db, { accountId, after: after ?? zero, limit: partSize })
    const records = sessions.map(row => ({
      kind: 'session',
      data: {
        id: toId('session', row.id),
        startedAt: row.started_at.toISOString(),
        lastUsedAt: row.rotated_at.toISOString(),
        expiresAt: row.expires_at.toISOString(),
        endedAt: row.ended_at?.toISOString() ?? null,
      },
    }))
    return {
      records: [...first, ...records],
      next: sessions.length === partSize ? sessions.at(-1)!.id : null,
    }
  }

  async function accountFacts(accountId: string) {
    const accounts = await findAccounts.all(db, { ids: [accountId] })
    const addresses = await addressesOf.all(db, { accountId, limit: partSize })
    return [
      ...accounts.map(row => ({ kind: 'account', data: toAccount(row) })),
      ...addresses.map(row => ({ kind: 'knownAddress', data: { lastSeenAt: row.seen_at.toISOString() } })),
    ]
  }
}
