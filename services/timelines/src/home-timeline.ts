import type { SuspendedPeople } from '@plaza/auth/contract'
import type { PageOf, PostId } from '@plaza/kernel/contract'
import { newestFirst } from '@plaza/kernel/data'
import type { Handler, Kit } from '@plaza/kernel/service'
import type { Post } from '@plaza/posts/contract'
import { isRepost } from './entries.ts'
import type { Inboxes } from './inboxes.ts'
import { withoutDeleted, withoutPeople, withoutReposts } from './left-out.ts'
import { mergedIds } from './merged-ids.ts'
import { findRepeated } from './once.ts'
import { readEntries } from './read-ids.ts'
import type { TimelinePosts } from './timeline-posts.ts'
import type { FindViewer } from './viewers.ts'

export interface PageInput {
  readonly cursor?: string
  readonly limit?: number
}

const pages = newestFirst('post', 'h')

/** Posts and reposts of the people I follow and my own. */
export function homeTimeline(
  { call }: Kit,
  inboxes: Inboxes,
  posts: TimelinePosts,
  suspended: SuspendedPeople,
  findViewer: FindViewer,
  among: number,
): Handler<PageInput, PageOf<Post>> {
  const once = { among, ignores: suspended.has }
  return async (input, context) => {
    const viewer = (await findViewer(context))!
    const inbox = await inboxes.get(viewer, context)
    const lists = inboxes.listsOf(inbox)
    const authors = inbox.followed
    const source = mergedIds(lists, span =>
      readEntries(
        call,
        authors.map(author => author.id),
        context,
      )(span),
    )
    const show = (entries: readonly PostId[]) => {
      const shown = withoutDeleted(lists, entries, posts.show(entries, viewer, context))
      return withoutPeople(shown, suspended)
    }
    const reader = { id: viewer.id, hidden: inbox.hidden }
    const showReposts = (entries: readonly PostId[]) => {
      const [shown, repeated] = [show(entries), findRepeated(source, entries, once)]
      if (!(shown instanceof Promise || repeated instanceof Promise))
        return withoutReposts(shown, entries, repeated, reader)
      return Promise.all([shown, repeated]).then(([found, left]) =>
        withoutReposts(found, entries, left, reader),
      )
    }
    return pages.read(input, source, entries =>
      entries.some(isRepost) ? showReposts(entries) : show(entries),
    )
  }
}
