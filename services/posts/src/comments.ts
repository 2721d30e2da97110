import type { PageOf, PostId } from '@plaza/kernel/contract'
import { mapPage, pagedList, toUuid } from '@plaza/kernel/data'
import type { Handler } from '@plaza/kernel/service'
import type { Listed } from './author-list-store.ts'
import type { Post } from './contract.ts'
import type { PostReader } from './get-post.ts'
import type { ShowPosts } from './show-posts.ts'
import type { Part, Threads } from './thread-store.ts'

interface Input {
  readonly id: PostId
  readonly cursor?: string
  readonly limit?: number
}

const comments = pagedList('posts.comments', { id: 'uuid' })

/** Direct answers to a post, oldest first, for whoever may see the post. */
export function listComments(
  reader: PostReader,
  threads: Threads,
  show: ShowPosts,
): Handler<Input, PageOf<Post>> {
  return async (input, context) => {
    const { viewer } = await reader.getOrPlace(input.id, context)
    const read = (part: Part) => threads.answersTo(input.id, part)
    const page = await comments.read(
      input,
      part => fullPart(part, read, listed => show(listed, viewer, context)),
      input.id,
    )
    return mapPage(page, row => row.post)
  }
}

/** A post where it stands in a list. */
class Placed {
  readonly post: Post

  constructor(post: Post) {
    this.post = post
  }

  /** UUID; of a page only the first and the last are asked for it. */
  get id(): string {
    return toUuid(this.post.id)
  }
}

/** Posts read beyond this for one page are not looked at: where so many in a row are not for these eyes, the page is not full. */
const maxRead = 2_000

/** As many posts as the part has room for, however many are not for these eyes. */
export async function fullPart(
  part: Part,
  read: (part: Part) => Promise<readonly Listed[]>,
  show: (listed: readonly Listed[]) => Promise<readonly Post[]>,
): Promise<Placed[]> {
  const placed: Placed[] = []
  let { from } = part
  for (let looked = 0; placed.length < part.limit && looked < maxRead; ) {
    const listed = await read({ ...part, from })
    for (const post of await show(listed)) placed.push(new Placed(post))
    if (listed.length < part.limit) break
    looked += listed.length
    from = { id: toUuid(listed.at(-1)!.id) }
  }
  return placed.slice(0, part.limit)
}
