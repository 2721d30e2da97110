import { type Context, deriveContext } from '@plaza/kernel/call'
import type { PostId } from '@plaza/kernel/contract'
import { newUuid, once, shardOf, type Tx, toUuid, type Uuid } from '@plaza/kernel/data'
import type { Handler, Kit } from '@plaza/kernel/service'
import { posts } from '@plaza/posts/contract'
import { ownPost, postNotFound, type Report } from './contract.ts'
import { findDecisionAgainst } from './decision-store.ts'
import { findOpenReport, findReport, insertReport, toReport } from './report-store.ts'

interface Input {
  readonly id: PostId
  readonly reason: Report['reason']
  readonly note?: string
}

/** Reports a post that the one who asks can see. While their report of it is open, another is the same. */
export function reportPost({ db, call }: Kit): Handler<Input, Report> {
  return async ({ id, reason, note }, context) => {
    const reporter = context.identity!.userId
    const { author } = await call(posts).get({ id }, asThemselves(context))
    if (author.id === reporter) throw ownPost('This post is your own: delete it, if you dislike it.')
    return once(db, context, async tx => {
      const postId = toUuid(id)
      // It was hidden a moment ago, and posts may not have said so yet.
      if ((await findDecisionAgainst.maybe(tx, { postId })) !== undefined)
        throw postNotFound(`There is no post ${id}, or it is not for you to see.`)
      const report = await addOrFind(tx, {
        id: newUuid(shardOf(id)),
        postId,
        authorId: toUuid(author.id),
        reporterId: toUuid(reporter),
        reason,
        note: note || null,
      })
      return toReport(await findReport.one(tx, { id: report }))
    })
  }
}

async function addOrFind(tx: Tx, report: Parameters<typeof insertReport.one>[1]): Promise<Uuid> {
  // The one that stood in the way may be resolved between our two looks: then ours is new.
  for (let tries = 0; tries < 10; tries++) {
    const found = (await insertReport.maybe(tx, report)) ?? (await findOpenReport.maybe(tx, report))
    if (found !== undefined) return found.id
  }
  throw new Error(`A report of ${report.postId} comes and goes faster than one can be added`)
}

/** What is asked of others has no key of this request. */
const asThemselves = (context: Context) => deriveContext(context, { idempotency: undefined })
