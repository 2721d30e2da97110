import type { Tx } from '@plaza/kernel/data'
import type { JobHandlers, RunningJob } from '@plaza/kernel/jobs'
import type { Kit } from '@plaza/kernel/service'
import { deleteEmptyPlaces, deleteOldDeletions } from './removal-store.ts'

interface Hour {
  /** Epoch ms. */
  readonly dueAt: number
}

type Statement = typeof deleteOldDeletions

const kind = 'upkeep'
const hour = 3_600_000
/** Rows deleted by one statement: it must hold nobody up. */
const perStep = 2_000

/** Once an hour, on one instance: forgets what was deleted more than a day ago, and the places of deleted posts that a crash left without answers. */
export function upkeep({ db, jobs }: Pick<Kit, 'db' | 'jobs'>) {
  // The key names the hour: instances that start order it once, and the one that runs can order the next.
  const order = (tx: Tx, after: number) => {
    const dueAt = (Math.floor(after / hour) + 1) * hour
    return jobs.add(tx, { kind, data: { dueAt } satisfies Hour, key: new Date(dueAt).toISOString(), dueAt })
  }
  const handlers: JobHandlers = {
    [kind]: async ({ dueAt }: Hour, { context }: RunningJob) => {
      // First, and committed: an hour that fails must not be the last. By the job's own hour, for clocks differ.
      await db.transaction(tx => order(tx, Math.max(Date.now(), dueAt)))
      const repeat = async (step: Statement, enough: number) => {
        let all = 0
        for (let deleted = perStep; deleted >= enough; all += deleted) {
          context.signal.throwIfAborted()
          deleted = await step.run(db, { limit: perStep })
        }
        return all
      }
      const forgotten = await repeat(deleteOldDeletions, perStep)
      // One that goes may leave the one above it empty.
      return { forgotten, emptyPlaces: await repeat(deleteEmptyPlaces, 1) }
    },
  }
  return { begin: () => db.transaction(tx => order(tx, Date.now())), handlers }
}
