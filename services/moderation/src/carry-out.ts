import { createHash } from 'node:crypto'
import { auth, lastAdmin, mayNotSuspend } from '@plaza/auth/contract'
import { type Context, deriveContext } from '@plaza/kernel/call'
import { isAppError, type UserId } from '@plaza/kernel/contract'
import { newUuid, type RowOf, randomShard, type Tx, toId, type Uuid } from '@plaza/kernel/data'
import type { JobHandlers, RunningJob } from '@plaza/kernel/jobs'
import type { Kit } from '@plaza/kernel/service'
import { posts } from '@plaza/posts/contract'
import { addToAudit } from './audit-store.ts'
import { findDecision, markCarriedOut } from './decision-store.ts'

export interface CarryOut {
  /** Does what was decided, in the services whose it is. Throws why auth refused to suspend; the post is hidden all the same. */
  now(decision: Uuid, by: UserId, context: Context): Promise<void>
  /** Orders, in the transaction that decides, that it is done even if nobody is left to do it now. */
  later(tx: Tx, decision: Uuid, by: UserId): Promise<void>
  readonly jobs: JobHandlers
}

interface Order {
  readonly decision: Uuid
  /** Kept here: the decision forgets it when they erase their account. */
  readonly by: UserId
}

type Decision = RowOf<typeof findDecision.row>

const kind = 'carry-out'
/** Ms: who decided does it at once; the job is for when they cannot. */
const grace = 1_000
/** Ms that a run of the job waits for its calls. */
const patience = 10_000

const refusals: readonly string[] = [mayNotSuspend.code, lastAdmin.code]

/** Effects in other services, each safe to repeat: once decided they happen, whatever dies. */
export function carryingOut(kit: Kit): CarryOut {
  const { db, jobs } = kit
  const run = async (decision: Decision, by: UserId, context: Context): Promise<string | null> => {
    const refusal = decision.action === 'suspend' ? await suspendAuthor(kit, decision, by, context) : null
    await hidePost(kit, decision, context)
    await db.transaction(async tx => {
      if ((await markCarriedOut.run(tx, { id: decision.id, refusal })) === 0) return
      await jobs.cancel(tx, kind, decision.id)
      if (refusal !== null) await auditRefusal(tx, decision, refusal)
    })
    return refusal
  }
  return {
    now: async (id, by, context) => {
      const decision = await findDecision.one(db, { id })
      const refusal = decision.carried_out_at === null ? await run(decision, by, context) : decision.refusal
      if (refusal === null) return
      const refused = refusal === lastAdmin.code ? lastAdmin : mayNotSuspend
      throw refused('The post is hidden, but its author became an admin or a moderator and is not suspended.')
    },
    later: async (tx, decision, by) => {
      const data: Order = { decision, by }
      await jobs.add(tx, { kind, key: decision, data, dueAt: Date.now() + grace })
    },
    jobs: {
      [kind]: async ({ decision: id, by }: Order, job: RunningJob) => {
        const decision = await findDecision.one(db, { id })
        if (decision.carried_out_at !== null) return null
        const context = deriveContext(job.context, { deadline: Date.now() + patience })
        return { refusal: await run(decision, by, context) }
      },
    },
  }
}

/** The decision is the key: coming again after an admin lifted it, it suspends nobody. Returns why auth refused. */
async function suspendAuthor(
  { call }: Kit,
  decision: Decision,
  asking: UserId,
  context: Context,
): Promise<string | null> {
  const by = decision.decided_by === null ? asking : toId('user', decision.decided_by)
  const idempotency = {
    owner: by,
    operation: 'auth.suspendFor',
    key: decision.id,
    requestHash: createHash('sha256').update(decision.id).digest('hex'),
  }
  try {
    const id = toId('user', decision.author_id)
    await call(auth).suspendFor({ id, by }, deriveContext(context, { idempotency }))
  } catch (error) {
    if (!isAppError(error)) throw error
    if (refusals.includes(error.code)) return error.code
    // Their account is gone: nobody is left to suspend.
    if (error.code !== 'user-not-found') throw error
  }
  return null
}

async function hidePost({ call }: Kit, decision: Decision, context: Context): Promise<void> {
  const id = toId('post', decision.post_id)
  await call(posts)
    .hide({ id }, deriveContext(context, { idempotency: undefined }))
    .catch(error => {
      // Deleted meanwhile, which hides it well enough.
      if (!isAppError(error) || error.code !== 'post-not-found') throw error
    })
}

function auditRefusal(tx: Tx, { post_id, author_id, decided_by }: Decision, refusal: string): Promise<void> {
  const target = toId('user', author_id)
  return addToAudit(tx, {
    id: newUuid(randomShard()),
    at: new Date(),
    actor: decided_by === null ? undefined : toId('user', decided_by),
    action: 'suspension.refused',
    target,
    detail: { postId: toId('post', post_id), refusal },
  })
}
