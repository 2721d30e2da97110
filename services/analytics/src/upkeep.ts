import type { Tx } from '@plaza/kernel/data'
import type { JobHandlers, RunningJob } from '@plaza/kernel/jobs'
import type { Kit } from '@plaza/kernel/service'
import { forgetActivePeople } from './day-store.ts'

interface Hour {
  /** Epoch ms. */
  readonly dueAt: number
}

const kind = 'upkeep'
const hour = 3_600_000
/** Rows deleted by one statement: it must hold nobody up. */
const perStep = 2_000

/** Once an hour, on one instance: forgets who was active on days that are over. */
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
      let forgotten = 0
      // A step is of one day: the next may have more.
      for (let step = 1; step > 0; forgotten += step) {
        context.signal.throwIfAborted()
        step = (await forgetActivePeople.one(db, { limit: perStep })).forgotten
      }
      return { forgotten }
    },
  }
  return { begin: () => db.transaction(tx => order(tx, Date.now())), handlers }
}
