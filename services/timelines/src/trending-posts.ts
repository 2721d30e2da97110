import type { SuspendedPeople } from '@plaza/auth/contract'
import type { PageOf, PostId } from '@plaza/kernel/contract'
import { mapPage, pagedList } from '@plaza/kernel/data'
import type { Handler } from '@plaza/kernel/service'
import type { Post } from '@plaza/posts/contract'
import type { PageInput } from './home-timeline.ts'
import type { TimelinePosts } from './timeline-posts.ts'
import { beyond, type Place, type TopPost, type TrendingTop } from './trending-top.ts'
import type { FindHidden, FindViewer } from './viewers.ts'

/** A place is a score and an id. Scores only grow, so what was read does not come again, however things move meanwhile. */
const pages = pagedList('timelines.trending-posts', { rank: 'int8', key: 'text' })

interface Row extends Place {
  readonly post: Post
}

/** Posts by their decayed score, without those of people who are suspended, or whom the viewer muted, blocked or was blocked by. */
export function trendingPosts(
  top: TrendingTop,
  posts: Pick<TimelinePosts, 'show'>,
  findViewer: FindViewer,
  findHidden: FindHidden,
  suspended: Pick<SuspendedPeople, 'has'>,
): Handler<PageInput, PageOf<Post>> {
  return async (input, context) => {
    const [viewer, all] = await Promise.all([findViewer(context), top.posts()])
    const hidden = await findHidden(viewer, context)
    const isSeen = ({ author }: TopPost) => !suspended.has(author) && !hidden.has(author)
    const page = await pages.read(input, slice =>
      firstShown(beyond(all, slice), isSeen, slice.limit, ids => posts.show(ids, viewer, context)),
    )
    return mapPage(page, row => row.post)
  }
}

/** Fills the page: a post that was deleted a moment ago leaves its place to the next. */
async function firstShown(
  candidates: readonly TopPost[],
  isSeen: (candidate: TopPost) => boolean,
  limit: number,
  show: (ids: readonly PostId[]) => ReturnType<TimelinePosts['show']>,
): Promise<Row[]> {
  const rows: Row[] = []
  let at = 0
  while (rows.length < limit && at < candidates.length) {
    const next: TopPost[] = []
    for (; at < candidates.length && rows.length + next.length < limit; at++)
      if (isSeen(candidates[at]!)) next.push(candidates[at]!)
    const shown = await show(next.map(({ key }) => key))
    next.forEach(({ rank, key }, i) => {
      const post = shown[i]
      if (post !== undefined) rows.push({ rank, key, post })
    })
  }
  return rows
}
