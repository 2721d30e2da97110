import { type Kit, type ServiceDefinition, service, type Wiring } from '@plaza/kernel/service'
import { AuthorLog } from './author-log.ts'
import { brieflyKept } from './brief-pages.ts'
import { timelines } from './contract.ts'
import { homeTimeline } from './home-timeline.ts'
import { Inboxes, type InboxesOptions } from './inboxes.ts'
import { onEvents } from './on-events.ts'
import { PublicRing } from './public-ring.ts'
import { publicTimeline } from './public-timeline.ts'
import { tagTimeline } from './tag-timeline.ts'
import { timelinePosts } from './timeline-posts.ts'
import { hiddenFinder, viewerFinder } from './viewers.ts'

export const timelinesService = timelinesWith({})

/** With other bounds than the usual: tests want to reach them. */
export function timelinesWith(options: InboxesOptions): ServiceDefinition<typeof timelines> {
  return service(timelines, undefined, kit => wire(kit, options))
}

function wire(kit: Kit, options: InboxesOptions): Wiring<typeof timelines> {
  const log = new AuthorLog()
  const inboxes = new Inboxes(kit.call, options)
  const ring = new PublicRing(kit.call)
  const posts = timelinePosts(kit, log)
  const findViewer = viewerFinder(kit)
  const findHidden = hiddenFinder(kit)
  const everybodys = publicTimeline(kit, ring, log, posts, findViewer, findHidden)
  const tagged = tagTimeline(kit, posts, findViewer, findHidden)
  kit.metrics.gauge('plaza_timelines_inboxes', 'People whose inbox is kept', [], gauge =>
    gauge.set(inboxes.size),
  )
  return {
    handlers: {
      home: homeTimeline(kit, inboxes, posts, findViewer),
      public: brieflyKept(kit, 'timelines.public-pages', everybodys),
      tag: brieflyKept(kit, 'timelines.tag-pages', tagged),
    },
    subscriptions: onEvents(inboxes, ring, posts, log),
  }
}
