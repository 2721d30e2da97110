import type { SuspendedPeople } from '@plaza/auth/contract'
import type { PageOf } from '@plaza/kernel/contract'
import { newestFirst } from '@plaza/kernel/data'
import type { Handler, Kit } from '@plaza/kernel/service'
import { type Post, posts as postsContract } from '@plaza/posts/contract'
import type { AuthorLog } from './author-log.ts'
import type { PageInput } from './home-timeline.ts'
import { withoutDeleted, withoutPeople } from './left-out.ts'
import { mergedIds } from './merged-ids.ts'
import type { PublicRing } from './public-ring.ts'
import type { TimelinePosts } from './timeline-posts.ts'
import type { FindHidden, FindViewer } from './viewers.ts'

const pages = newestFirst('post', 'p')

/** Everybody's public posts, without those of people whom the viewer blocked or muted, or who blocked them. */
export function publicTimeline(
  { call }: Kit,
  ring: PublicRing,
  log: AuthorLog,
  posts: TimelinePosts,
  suspended: SuspendedPeople,
  findViewer: FindViewer,
  findHidden: FindHidden,
): Handler<PageInput, PageOf<Post>> {
  return async (input, context) => {
    const viewer = await findViewer(context)
    const heard = viewer === undefined ? 0 : log.heardOf(viewer.id)
    const [hidden, recent] = await Promise.all([
      findHidden(viewer, context),
      ring.get(viewer, heard, context),
    ])
    const lists = [recent]
    const source = mergedIds(lists, async span => {
      const { ids } = await call(postsContract).pagePublic({ without: [...hidden], ...span }, context)
      return ids
    })
    return pages.read(input, source, ids => {
      const shown = withoutDeleted(lists, ids, posts.show(ids, viewer, context))
      return withoutPeople(shown, hidden, suspended)
    })
  }
}
