import type { JobId } from '../contract/index.ts'
import type { Tx } from '../data/database.ts'
import { newId, randomShard, shardOf } from '../data/new-id.ts'
import { toId, toUuid } from '../data/typeid.ts'
import type { Jobs, NewJob } from './job.ts'
import { deleteUnbegunJob, findJobByKey, insertJob } from './job-store.ts'

/** `Jobs` over the tables; `wake` is called once a job that was added has committed. */
export function jobsOverTables(wake: () => void): Jobs {
  return {
    add: async (tx, job) => {
      const id = await addOrFind(tx, job)
      tx.afterCommit(wake)
      return id
    },
    cancel: async (tx, kind, key) => (await deleteUnbegunJob.run(tx, { kind, key })) > 0,
  }
}

async function addOrFind(tx: Tx, { kind, data, owner, key, dueAt }: NewJob): Promise<JobId> {
  const id = newId('job', owner === undefined ? randomShard() : shardOf(owner))
  const row = {
    id: toUuid(id),
    kind,
    key: key ?? null,
    owner: owner === undefined ? null : toUuid(owner),
    data: JSON.stringify(data ?? null),
    dueAt: dueAt ?? null,
  }
  // The one that has the key may end between our two looks: then it is ours to add.
  for (let tries = 0; tries < 10; tries++) {
    if ((await insertJob.maybe(tx, row)) !== undefined) return id
    const holder = await findJobByKey.maybe(tx, { kind, key: key! })
    if (holder !== undefined) return toId('job', holder.id)
  }
  throw new Error(`A job ${kind} with the key ${key} comes and goes faster than one can be added`)
}
