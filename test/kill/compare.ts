import type pg from 'pg'
import { eventually } from '../eventually.ts'
import type { Ledger } from './ledger.ts'
import { type Reader, verifyOverApi } from './verify-api.ts'
import { verifyErased, verifyTables } from './verify-tables.ts'

const admins = 1
/** A job whose process was killed is begun elsewhere when its lease of 15 s has ended (ms). */
const allSettled = 25_000

/** Holds everything there is against what was answered: over the API as anybody sees it, and beneath it, where it may take `within` ms to settle. */
export async function compare(
  url: string,
  owner: pg.Client,
  ledger: Ledger,
  readers: readonly Reader[],
  everything: boolean,
  within = allSettled,
): Promise<void> {
  // First: whom they followed still counts them until then.
  await eventually(() => verifyErased(owner, ledger), within)
  await verifyOverApi(url, ledger, readers, everything)
  await eventually(() => verifyTables(owner, ledger, admins), within)
}
