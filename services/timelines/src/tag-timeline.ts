import type { SuspendedPeople } from '@plaza/auth/contract'
import type { PageOf } from '@plaza/kernel/contract'
import { type IdSource, newestFirst } from '@plaza/kernel/data'
import type { Handler, Kit } from '@plaza/kernel/service'
import { type Post, posts as postsContract } from '@plaza/posts/contract'
import type { PageInput } from './home-timeline.ts'
import { withoutPeople } from './left-out.ts'
import type { ReadIds } from './read-ids.ts'
import type { TimelinePosts } from './timeline-posts.ts'
import type { FindHidden, FindViewer } from './viewers.ts'

const pages = newestFirst('post', 't')

/** Public posts with a tag: read from the database each time, so nothing of them is late. */
export function tagTimeline(
  { call }: Kit,
  posts: TimelinePosts,
  suspended: SuspendedPeople,
  findViewer: FindViewer,
  findHidden: FindHidden,
): Handler<PageInput & { readonly tag: string }, PageOf<Post>> {
  return async ({ tag, ...page }, context) => {
    const viewer = await findViewer(context)
    const without = [...(await findHidden(viewer, context))]
    const read: ReadIds = async span => {
      const { ids } = await call(postsContract).pageByTag({ tag, without, ...span }, context)
      return ids
    }
    return pages.read(page, sourceOf(read), ids => withoutPeople(posts.show(ids, viewer, context), suspended))
  }
}

function sourceOf(read: ReadIds): IdSource<Post['id']> {
  return {
    older: (before, limit) => read(before === undefined ? { limit } : { before, limit }),
    newer: (after, limit) => read({ after, limit }),
  }
}
