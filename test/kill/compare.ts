import type pg from 'pg'
import { eventually } from '../eventually.ts'
import type { Ledger } from './ledger.ts'
import { type Reader, verifyOverApi } from './verify-api.ts'
import { verifyTables } from './verify-tables.ts'

const admins = 1

/** Holds everything there is against what was answered: over the API as anybody sees it, and beneath it. */
export async function compare(
  url: string,
  owner: pg.Client,
  ledger: Ledger,
  readers: readonly Reader[],
  everything: boolean,
): Promise<void> {
  await verifyOverApi(url, ledger, readers, everything)
  await eventually(() => verifyTables(owner, ledger, admins), 5_000)
}
