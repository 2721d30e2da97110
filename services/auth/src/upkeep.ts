import type { Tx } from '@plaza/kernel/data'
import type { JobHandlers, RunningJob } from '@plaza/kernel/jobs'
import type { Kit } from '@plaza/kernel/service'
import { deleteOldErasures } from './erasure-store.ts'
import { deleteOldAddresses, deleteOldFailures } from './log-in-throttle.ts'
import { deleteOldSessions } from './session-store.ts'
import type { SigningKeys } from './signing-keys.ts'

interface Hour {
  /** Epoch ms. */
  readonly dueAt: number
}

const kind = 'upkeep'
const hour = 3_600_000
/** Rows deleted at most an hour, of each table: one transaction must not take long. */
const limit = 50_000

/** Once an hour, on one instance: rotates signing keys when due, and deletes what is over. */
export function upkeep({ db, jobs }: Pick<Kit, 'db' | 'jobs'>, keys: SigningKeys) {
  // The key names the hour: instances that start order it once, and the one that runs can order the next.
  const order = (tx: Tx, after: number) => {
    const dueAt = (Math.floor(after / hour) + 1) * hour
    return jobs.add(tx, { kind, data: { dueAt } satisfies Hour, key: new Date(dueAt).toISOString(), dueAt })
  }
  const handlers: JobHandlers = {
    [kind]: async ({ dueAt }: Hour, job: RunningJob) => {
      // First, and committed: an hour that fails must not be the last. By the job's own hour, for clocks differ.
      await db.transaction(tx => order(tx, Math.max(Date.now(), dueAt)))
      return job.finish(async tx => {
        const rotated = await keys.rotateWhenDue(tx)
        const sessions = await deleteOldSessions.run(tx, { limit })
        const failures = await deleteOldFailures.run(tx, { limit })
        const addresses = await deleteOldAddresses.run(tx, { limit })
        const erasures = await deleteOldErasures.run(tx, { limit })
        return { rotated, sessions, failures, addresses, erasures }
      })
    },
  }
  return { begin: () => db.transaction(tx => order(tx, Date.now())), handlers }
}
