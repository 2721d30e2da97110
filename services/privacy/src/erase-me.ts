import { auth } from '@plaza/auth/contract'
import { deriveContext } from '@plaza/kernel/call'
import { isAppError, type JobId, type UserId, unauthenticated } from '@plaza/kernel/contract'
import { type Tx, toId, toUuid } from '@plaza/kernel/data'
import { shared } from '@plaza/kernel/events'
import type { Handlers, Kit } from '@plaza/kernel/service'
import type { privacy } from './contract.ts'
import { findErasure, insertErasure, setErasureJob } from './erasure-store.ts'

export const erasureKind = 'erasure'

/**
 * Locks the account, which is what cannot be taken back, and begins the erasure. Who dies between the two is overtaken by the news of the lock
 * (`hearErasing`); whoever comes first, it is one erasure and one job.
 */
export function eraseMe({ db, call, jobs }: Kit): Handlers<typeof privacy>['eraseMe'] {
  return async (_input, context) => {
    const { userId, sessionId } = context.identity!
    const begun = await findErasure.maybe(db, { userId: toUuid(userId) })
    if (begun?.job_id != null) return { jobId: toId('job', begun.job_id) }
    const asked = { id: userId, sessionId: sessionId as `session_${string}` }
    const locked = await call(auth)
      .lockForErasure(asked, deriveContext(context, { idempotency: undefined }))
      .catch(error => {
        throw isAppError(error) && error.code === 'user-not-found'
          ? unauthenticated('This account is not there any more.')
          : error
      })
    const jobId = await db.transaction(tx => beginErasure(tx, jobs, userId))
    if (locked.sessionId === sessionId) context.answer.erasing = true
    return { jobId }
  }
}

/** An account that was locked is erased, also when whoever locked it died before saying so here. */
export const hearErasing = ({ jobs }: Kit) =>
  shared('erasing', auth, {
    erasing: async ({ data: { userId } }, tx) => {
      await beginErasure(tx, jobs, userId)
    },
  })

async function beginErasure(tx: Tx, jobs: Kit['jobs'], person: UserId): Promise<JobId> {
  const userId = toUuid(person)
  // The row decides who is first: another's is waited for, and has its job when it is seen.
  if ((await insertErasure.maybe(tx, { userId })) === undefined) {
    const { job_id } = await findErasure.one(tx, { userId })
    return toId('job', job_id!)
  }
  const jobId = await jobs.add(tx, { kind: erasureKind, key: person, owner: person, data: { person } })
  await setErasureJob.run(tx, { userId, jobId: toUuid(jobId) })
  return jobId
}
