import { auth, suspendedPeople } from '@plaza/auth/contract'
import { newContext } from '@plaza/kernel/call'
import { newUuid } from '@plaza/kernel/data'
import { type Kit, type ServiceDefinition, service, type Wiring } from '@plaza/kernel/service'
import { posts as postsContract, ReactionCache, rememberedReactions } from '@plaza/posts/contract'
import { AuthorLog } from './author-log.ts'
import { brieflyKept } from './brief-pages.ts'
import { checkInboxes } from './check-inboxes.ts'
import { timelines } from './contract.ts'
import { homeTimeline } from './home-timeline.ts'
import { Inboxes, type InboxesOptions } from './inboxes.ts'
import { onEvents } from './on-events.ts'
import { onceAmong } from './once.ts'
import { PublicRing } from './public-ring.ts'
import { publicTimeline } from './public-timeline.ts'
import { tagTimeline } from './tag-timeline.ts'
import { timelinePosts } from './timeline-posts.ts'
import { trending } from './trending.ts'
import { hiddenFinder, viewerFinder } from './viewers.ts'

export const timelinesService = timelinesWith({})

export interface TimelinesOptions extends InboxesOptions {
  /** Home shows a post once among so many entries (50). */
  readonly onceAmong?: number
}

/** With other bounds than the usual: tests want to reach them. */
export function timelinesWith(options: TimelinesOptions): ServiceDefinition<typeof timelines> {
  return service(timelines, new URL('../migrations/', import.meta.url), kit => wire(kit, options))
}

function wire(kit: Kit, options: TimelinesOptions): Wiring<typeof timelines> {
  const log = new AuthorLog()
  const inboxes = new Inboxes(kit.call, options)
  const ring = new PublicRing(kit.call)
  const suspended = suspendedPeople(kit, auth)
  const reactions = reactionsOfReaders(kit)
  const posts = timelinePosts(kit, log, reactions)
  const findViewer = viewerFinder(kit)
  const findHidden = hiddenFinder(kit)
  const everybodys = publicTimeline(kit, ring, log, posts, suspended, findViewer, findHidden)
  const tagged = tagTimeline(kit, posts, suspended, findViewer, findHidden)
  const trends = trending(kit, posts, findViewer, findHidden, suspended)
  kit.metrics.gauge('plaza_timelines_inboxes', 'People whose inbox is kept', [], gauge =>
    gauge.set(inboxes.size),
  )
  return {
    handlers: {
      home: homeTimeline(kit, inboxes, posts, suspended, findViewer, options.onceAmong ?? onceAmong),
      public: brieflyKept(kit, 'timelines.public-pages', everybodys),
      tag: brieflyKept(kit, 'timelines.tag-pages', tagged),
      ...trends.handlers,
    },
    subscriptions: [
      ...onEvents(inboxes, ring, posts, reactions, log),
      suspended.subscription,
      trends.subscription,
    ],
    jobs: trends.jobs,
    personal: trends.personal,
    checks: { inboxes: checkInboxes(kit, inboxes), ...trends.checks },
    start: async () => {
      await trends.start()
    },
  }
}

function reactionsOfReaders({ call, cache }: Kit): ReactionCache {
  return new ReactionCache(cache, 'timelines.reactions', id => {
    // Of no request: others may wait for the answer too.
    const context = newContext({ requestId: newUuid(0), deadline: Date.now() + 5_000 })
    return call(postsContract).reactions({ id, limit: rememberedReactions }, context)
  })
}
