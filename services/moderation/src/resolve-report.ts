import { auth } from '@plaza/auth/contract'
import { type Context, deriveContext } from '@plaza/kernel/call'
import { isAppError, type ReportId, type UserId } from '@plaza/kernel/contract'
import { answeredBefore, newUuid, once, shardOf, type Tx, toId, toUuid, type Uuid } from '@plaza/kernel/data'
import type { Handler, Kit } from '@plaza/kernel/service'
import { addToAudit } from './audit-store.ts'
import type { CarryOut } from './carry-out.ts'
import {
  type Action,
  type AuditAction,
  alreadyResolved,
  type ResolvedReport,
  reportNotFound,
} from './contract.ts'
import { findDecision, insertDecision } from './decision-store.ts'
import { closeReports, findReport, lockReports, type ReportRow, toResolved } from './report-store.ts'

interface Input {
  readonly id: ReportId
  readonly action: Action
  readonly note?: string
}

/**
 * Decides, and sees to it at once; what a crash leaves undone, a job does. The answer is kept under a key only when all has happened: until then
 * who asks again finds the decision, and sees to it again.
 */
export function resolveReport(kit: Kit, carryOut: CarryOut): Handler<Input, ResolvedReport> {
  const { db } = kit
  return async ({ id, action, note }, context) => {
    // A key of another decision must not decide anything.
    const before = await answeredBefore(db, context)
    if (before !== undefined) return before.answer as ResolvedReport
    const by = context.identity!.userId
    const report = await findReport.maybe(db, { id: toUuid(id) })
    if (report === undefined) throw reportNotFound(`There is no report ${id}.`)
    if (action === 'suspend' && report.closed_at === null)
      await assertMaySuspend(kit, toId('user', report.author_id), by, context)
    const judgement = { action, by, note: note || null }
    const decision = await db.transaction(tx => decide(tx, report, judgement, carryOut))
    await carryOut.now(decision, by, context)
    return once(db, context, async tx => toResolved(await findReport.one(tx, { id: report.id })))
  }
}

/** Asked before it is decided: a decision that auth refuses would be none. Whose account is gone needs no suspending. */
async function assertMaySuspend({ call }: Kit, id: UserId, by: UserId, context: Context): Promise<void> {
  const asked = deriveContext(context, { idempotency: undefined })
  await call(auth)
    .assertMaySuspend({ id, by }, asked)
    .catch(error => {
      if (!isAppError(error) || error.code !== 'user-not-found') throw error
    })
}

interface Judgement {
  readonly action: Action
  readonly by: UserId
  readonly note: string | null
}

/** Closes all open reports of the post by one decision. The same again is the one there is. */
async function decide(tx: Tx, report: ReportRow, judgement: Judgement, carryOut: CarryOut): Promise<Uuid> {
  const locked = await lockReports.all(tx, { id: report.id, postId: report.post_id })
  const own = locked.find(each => each.id === report.id)
  if (own === undefined || own.closed_at !== null) return sameDecision(tx, own?.decision_id, judgement.action)
  const open = locked.filter(each => each.closed_at === null).map(each => each.id)
  const decision = newUuid(shardOf(toId('post', report.post_id)))
  const { action, by, note } = judgement
  const about = { postId: report.post_id, authorId: report.author_id, action, by: toUuid(by), note }
  await insertDecision.run(tx, { id: decision, ...about })
  await closeReports.run(tx, { ids: open, decisionId: decision })
  await addToAudit(tx, {
    id: decision,
    at: new Date(),
    actor: by,
    action: auditAs[action],
    target: action === 'dismiss' ? toId('report', report.id) : toId('post', report.post_id),
    detail: {
      postId: toId('post', report.post_id),
      authorId: toId('user', report.author_id),
      reportId: toId('report', report.id),
      reports: open.length,
    },
  })
  if (action !== 'dismiss') await carryOut.later(tx, decision, by)
  return decision
}

const auditAs: Readonly<Record<Action, AuditAction>> = {
  dismiss: 'report.dismissed',
  hide: 'post.hidden',
  suspend: 'suspension.decided',
}

async function sameDecision(tx: Tx, id: Uuid | null | undefined, action: Action): Promise<Uuid> {
  // None: it was closed because its author erased their account.
  const decision = id ? await findDecision.maybe(tx, { id }) : undefined
  if (decision?.action === action) return decision.id
  throw alreadyResolved(
    decision === undefined
      ? 'This report was closed: its author is gone.'
      : `This report was resolved before: ${decision.action}.`,
  )
}
