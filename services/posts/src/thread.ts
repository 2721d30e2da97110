import type { OutputOf, PostId } from '@plaza/kernel/contract'
import { pagedList } from '@plaza/kernel/data'
import type { Handler } from '@plaza/kernel/service'
import { fullPart } from './comments.ts'
import type { posts } from './contract.ts'
import { notThere, type PostReader } from './get-post.ts'
import type { ShowPosts } from './show-posts.ts'
import type { Part, Threads } from './thread-store.ts'

interface Input {
  readonly id: PostId
  readonly cursor?: string
  readonly limit?: number
}
type Thread = OutputOf<typeof posts.operations.thread>

const descendants = pagedList('posts.thread', { id: 'uuid' })

/** What a post answers, the post, and all answers below it; of what was deleted the place, for whoever may see the rest. */
export function readThread(reader: PostReader, threads: Threads, show: ShowPosts): Handler<Input, Thread> {
  return async ({ id, cursor, limit = 100 }, context) => {
    const { post, viewer } = await reader.getOrPlace(id, context)
    const { rootId, version } = post.facts
    const read = (part: Part) => (rootId === null ? threads.belowRoot(id, part) : threads.below(id, part))
    const [above, below, [shown]] = await Promise.all([
      rootId === null ? [] : threads.above(id).then(listed => show(listed, viewer, context)),
      descendants.read(
        { cursor, limit },
        part => fullPart(part, read, listed => show(listed, viewer, context)),
        id,
      ),
      show([{ id, version }], viewer, context),
    ])
    if (shown === undefined) throw notThere(id)
    const { items, nextCursor, prevCursor } = below
    return {
      ancestors: [...above],
      post: shown,
      descendants: items.map(row => row.post),
      nextCursor,
      prevCursor,
    }
  }
}
