import type { PostId } from '@plaza/kernel/contract'
import { appendEvents, newEvent } from '@plaza/kernel/events'
import type { Handler, Kit } from '@plaza/kernel/service'
import { posts } from './contract.ts'
import { notThere } from './get-post.ts'
import { lockPost } from './post-store.ts'
import { takeOut } from './removal-store.ts'

/** Takes a post away from everybody, for moderation; hiding it again is the same as once. Its author can still delete it. */
export function hidePost({ db }: Kit): Handler<{ readonly id: PostId }, null> {
  return async ({ id }) => {
    await db.transaction(async tx => {
      const post = await lockPost(tx, id)
      if (post === undefined || post.visibility === 'gone') throw notThere(id)
      if (post.visibility === 'hidden') return
      const { authorId, replyTo } = post
      await takeOut(tx, id)
      const data = { postId: id, authorId, ...(replyTo !== null && { replyTo }) }
      await appendEvents(tx, [newEvent(posts, 'hidden', authorId, data)])
    })
    return null
  }
}
