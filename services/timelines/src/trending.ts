import type { SuspendedPeople } from '@plaza/auth/contract'
import type { Handlers, Kit } from '@plaza/kernel/service'
import { brieflyKept } from './brief-pages.ts'
import type { timelines } from './contract.ts'
import type { TimelinePosts } from './timeline-posts.ts'
import { trendingCheck } from './trending-check.ts'
import { trendingFeed } from './trending-feed.ts'
import { trendingPersonal } from './trending-personal.ts'
import { trendingPosts } from './trending-posts.ts'
import { trendingTags } from './trending-tags.ts'
import { trendingTop } from './trending-top.ts'
import { trendingUpkeep } from './trending-upkeep.ts'
import type { FindHidden, FindViewer } from './viewers.ts'

/** Milliseconds: the feed's pace and the top's age come to it. */
const pagesKeptFor = 250

type Shown = Pick<Handlers<typeof timelines>, 'trendingPosts' | 'trendingTags'>

/** Everything about what trends: for the service's wiring. */
export function trending(
  kit: Kit,
  posts: Pick<TimelinePosts, 'show'>,
  findViewer: FindViewer,
  findHidden: FindHidden,
  suspended: Pick<SuspendedPeople, 'has' | 'ids'>,
) {
  const top = trendingTop(kit, suspended)
  const upkeep = trendingUpkeep(kit)
  const everybodys = trendingPosts(top, posts, findViewer, findHidden, suspended)
  const handlers: Shown = {
    trendingPosts: brieflyKept(kit, 'timelines.trending-pages', everybodys, pagesKeptFor),
    trendingTags: trendingTags(top),
  }
  return {
    handlers,
    subscription: trendingFeed(kit),
    jobs: upkeep.handlers,
    start: upkeep.begin,
    personal: trendingPersonal(kit.db),
    checks: { trending: trendingCheck(kit.db) },
  }
}
