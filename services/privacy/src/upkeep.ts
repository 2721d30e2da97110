import { type Tx, toId, toUuid } from '@plaza/kernel/data'
import type { JobHandlers, RunningJob } from '@plaza/kernel/jobs'
import type { Kit } from '@plaza/kernel/service'
import { erasureKind } from './erase-me.ts'
import { sweepKind } from './erase-person.ts'
import { findStuckErasures, setErasureJob } from './erasure-store.ts'
import { deleteExpiredExports } from './export-store.ts'

interface Hour {
  /** Epoch ms. */
  readonly dueAt: number
}

const kind = 'upkeep'
const hour = 3_600_000
/** Archives deleted in one statement, each with its chunks. */
const archivesAtOnce = 20
const erasuresAtOnce = 200

/** Once an hour, on one instance: archives whose link has expired go, and erasures whose jobs were given up are begun again. */
export function upkeep({ db, jobs }: Pick<Kit, 'db' | 'jobs'>) {
  // The key names the hour: instances that start order it once, and the one that runs can order the next.
  const order = (tx: Tx, after: number) => {
    const dueAt = (Math.floor(after / hour) + 1) * hour
    return jobs.add(tx, { kind, data: { dueAt } satisfies Hour, key: new Date(dueAt).toISOString(), dueAt })
  }
  const handlers: JobHandlers = {
    [kind]: async ({ dueAt }: Hour, job: RunningJob) => {
      // First, and committed: an hour that fails must not be the last. By the job's own hour, for clocks differ.
      await db.transaction(tx => order(tx, Math.max(Date.now(), dueAt)))
      let archives = 0
      for (let deleted = archivesAtOnce; deleted === archivesAtOnce; archives += deleted) {
        job.context.signal.throwIfAborted()
        deleted = await deleteExpiredExports.run(db, { limit: archivesAtOnce })
      }
      return job.finish(async tx => ({ archives, erasures: await beginAgain(tx, jobs) }))
    },
  }
  return { begin: () => db.transaction(tx => order(tx, Date.now())), handlers }
}

/** Adding a job whose key is taken changes nothing: what still runs is left alone. */
async function beginAgain(tx: Tx, jobs: Kit['jobs']): Promise<number> {
  const stuck = await findStuckErasures.all(tx, { limit: erasuresAtOnce })
  for (const { user_id: userId, finished } of stuck) {
    const person = toId('user', userId)
    if (finished) {
      await jobs.add(tx, { kind: sweepKind, key: person, data: { person } })
      continue
    }
    const jobId = await jobs.add(tx, { kind: erasureKind, key: person, owner: person, data: { person } })
    await setErasureJob.run(tx, { userId, jobId: toUuid(jobId) })
  }
  return stuck.length
}
