import { Closed, Id, Nullable, query, Timestamp, Type } from '../contract/index.ts'
import type { Db } from '../data/database.ts'
import { toId, toUuid } from '../data/typeid.ts'
import type { Handler } from '../service/service.ts'
import type { JobView } from './job.ts'
import { type FoundJob, findJobById } from './job-store.ts'

const Progress = Closed({ done: Type.Integer({ minimum: 0 }), total: Type.Integer({ minimum: 0 }) })

/** A job as `GET /jobs/{id}` shows it. */
export const JobSchema = Closed({
  id: Id.job,
  kind: Type.String(),
  status: Type.Unsafe<JobView['status']>({ type: 'string', enum: ['queued', 'running', 'done', 'failed'] }),
  progress: Progress,
  result: Type.Optional(Type.Unknown()),
  error: Type.Optional(Type.String()),
  createdAt: Timestamp,
})

/** The kernel's own operations about jobs; every service has them. */
export const jobOperations = {
  /** The job of that id, if this service has it and it belongs to whoever asks, or to nobody and it is asked in nobody's name (by a command); else null. */
  $findJob: query({ access: 'internal', input: Closed({ id: Id.job }), output: Nullable(JobSchema) }),
}

export function findJobHandler(db: Db): Handler<{ id: `job_${string}` }, JobView | null> {
  return async ({ id }, { identity }) => {
    const job = await findJobById.maybe(db, { id: toUuid(id) })
    if (job === undefined) return null
    const owner = job.owner === null ? undefined : toId('user', job.owner)
    return owner === identity?.userId ? toView(id, job) : null
  }
}

function toView(id: JobView['id'], job: FoundJob): JobView {
  return {
    id,
    kind: job.kind,
    status: job.status as JobView['status'],
    progress: { done: job.done, total: job.total },
    ...(job.result !== null && { result: JSON.parse(job.result) }),
    ...(job.error !== null && { error: job.error }),
    createdAt: job.createdAt.toISOString(),
  }
}
