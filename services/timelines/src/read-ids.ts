import type { Context } from '@plaza/kernel/call'
import type { PostId, UserId } from '@plaza/kernel/contract'
import type { Kit } from '@plaza/kernel/service'
import { posts } from '@plaza/posts/contract'
import { placeOf } from './entries.ts'

/** Part of a list as the database has it: below `before`, newest first, or above `after`, the nearest first. */
export type ReadIds = (span: Span) => Promise<PostId[]>

interface Span {
  readonly before?: PostId
  readonly after?: PostId
  readonly limit: number
}

/** Authors in one query; who follows more has several at once. */
const maxAuthors = 1_000

/** The posts and reposts of these people. */
export function readEntries(call: Kit['call'], authors: readonly UserId[], context: Context): ReadIds {
  return async span => {
    const chunks: UserId[][] = []
    for (let i = 0; i < authors.length; i += maxAuthors) chunks.push(authors.slice(i, i + maxAuthors))
    const place = placed(span)
    const found = await Promise.all(
      chunks.map(chunk => call(posts).pageEntries({ authors: chunk, ...place }, context)),
    )
    const entries = found.flatMap(each => each.entries)
    if (chunks.length > 1) entries.sort()
    if (chunks.length > 1 && span.after === undefined) entries.reverse()
    return entries.slice(0, span.limit)
  }
}

function placed({ before, after, limit }: Span): Span {
  if (before !== undefined) return { before: placeOf(before), limit }
  return after === undefined ? { limit } : { after: placeOf(after), limit }
}
