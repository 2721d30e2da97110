import type { Context } from '@plaza/kernel/call'
import type { PostId, UserId } from '@plaza/kernel/contract'
import type { Kit } from '@plaza/kernel/service'
import { posts } from '@plaza/posts/contract'

/** Part of a list as the database has it: below `before`, newest first, or above `after`, the nearest first. */
export type ReadIds = (span: Span) => Promise<PostId[]>

interface Span {
  readonly before?: PostId
  readonly after?: PostId
  readonly limit: number
}

/** Authors in one query; who follows more has several at once. */
const maxAuthors = 1_000

/** The posts of any of these people. */
export function readByAuthors(call: Kit['call'], authors: readonly UserId[], context: Context): ReadIds {
  return async span => {
    const chunks: UserId[][] = []
    for (let i = 0; i < authors.length; i += maxAuthors) chunks.push(authors.slice(i, i + maxAuthors))
    const found = await Promise.all(
      chunks.map(chunk => call(posts).pageByAuthors({ authors: chunk, ...span }, context)),
    )
    const ids = found.flatMap(each => each.ids)
    if (chunks.length > 1) ids.sort()
    if (chunks.length > 1 && span.after === undefined) ids.reverse()
    return ids.slice(0, span.limit)
  }
}
