import type { PageOf } from '@plaza/kernel/contract'
import { newestFirst } from '@plaza/kernel/data'
import type { Handler, Kit } from '@plaza/kernel/service'
import type { Post } from '@plaza/posts/contract'
import type { Inboxes } from './inboxes.ts'
import { mergedIds, withoutDeleted } from './merged-ids.ts'
import { readByAuthors } from './read-ids.ts'
import type { TimelinePosts } from './timeline-posts.ts'
import type { FindViewer } from './viewers.ts'

export interface PageInput {
  readonly cursor?: string
  readonly limit?: number
}

const pages = newestFirst('post', 'h')

/** Posts of the people I follow and my own. */
export function homeTimeline(
  { call }: Kit,
  inboxes: Inboxes,
  posts: TimelinePosts,
  findViewer: FindViewer,
): Handler<PageInput, PageOf<Post>> {
  return async (input, context) => {
    const viewer = (await findViewer(context))!
    const inbox = await inboxes.get(viewer, context)
    const lists = inboxes.listsOf(inbox)
    const authors = inbox.followed
    const source = mergedIds(lists, span =>
      readByAuthors(
        call,
        authors.map(author => author.id),
        context,
      )(span),
    )
    return pages.read(input, source, ids => withoutDeleted(lists, ids, posts.show(ids, viewer, context)))
  }
}
