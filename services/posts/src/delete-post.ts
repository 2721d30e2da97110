import type { PostId } from '@plaza/kernel/contract'
import type { Tx } from '@plaza/kernel/data'
import { appendEvents, newEvent } from '@plaza/kernel/events'
import type { Handler, Kit } from '@plaza/kernel/service'
import { type PostFacts, posts } from './contract.ts'
import { assertOwn } from './edit-post.ts'
import { lockPost } from './post-store.ts'
import { findDeletedAuthor, removeEmptyPlaces, removePost } from './removal-store.ts'
import type { Viewers } from './viewers.ts'

/** Deletes an own post; deleting it again is the same as once. */
export function deletePost(kit: Kit, viewers: Viewers): Handler<{ readonly id: PostId }, null> {
  return async ({ id }, context) => {
    const viewer = (await viewers.viewer(context))!
    const above = await kit.db.transaction(async tx => {
      const post = await lockPost(tx, id)
      const isThere = post !== undefined && post.visibility !== 'gone'
      if (!isThere && (await findDeletedAuthor(tx, id)) === viewer.id) return null
      if (post?.visibility === 'hidden' && post.authorId === viewer.id) return removeTold(tx, post, false)
      return removeTold(tx, assertOwn(post, id, viewer, viewers), true)
    })
    if (above !== null) await removeEmptyPlaces(kit.db, above)
    return null
  }
}

/**
 * Removes the locked post and tells of it, unless others were told before: each post ends with one event, `deleted` or `hidden`. Returns where
 * an empty place may have been left.
 */
async function removeTold(tx: Tx, post: PostFacts, isNews: boolean): Promise<PostId | null> {
  const { id, authorId, replyTo } = post
  const outcome = await removePost(tx, post)
  const data = { postId: id, authorId, ...(replyTo !== null && { replyTo }) }
  if (isNews) await appendEvents(tx, [newEvent(posts, 'deleted', authorId, data)])
  return outcome === 'buried' ? id : replyTo
}
