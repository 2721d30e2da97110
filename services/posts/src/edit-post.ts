import { type PostId, stale, type UserId } from '@plaza/kernel/contract'
import type { Tx } from '@plaza/kernel/data'
import { appendEvents, newEvent } from '@plaza/kernel/events'
import type { Handler, Kit } from '@plaza/kernel/service'
import type { Authors } from './authors.ts'
import { notYourPost, type Post, type PostFacts, postNotFound, posts } from './contract.ts'
import { contentReader } from './create-post.ts'
import { type Content, findDeletedAuthor, lockPost, removePost, replaceContent } from './post-store.ts'
import { postView } from './post-view.ts'
import { maySee, type Viewer, type Viewers } from './viewers.ts'

interface EditInput {
  readonly id: PostId
  readonly text: string
  readonly ifVersion?: number
}

/** Replaces the text of an own post and keeps the earlier one. A text that is the same changes nothing. */
export function editPost(kit: Kit, authors: Authors, viewers: Viewers): Handler<EditInput, Post> {
  const read = contentReader(kit)
  return async ({ id, text, ifVersion }, context) => {
    const viewer = (await viewers.viewer(context))!
    const content = await read(text, context)
    const author = await authors.get(viewer.id, viewer, context)
    const facts = await kit.db.transaction(async tx => {
      const before = assertOwn(await lockPost(tx, id), id, viewer)
      if (ifVersion !== undefined && ifVersion !== before.version)
        throw stale(`The post has version ${before.version} now, not ${ifVersion}. Read it again.`)
      if (before.text === text) return before
      const at = new Date()
      await replaceContent(tx, before, content, at)
      await tell(tx, 'edited', viewer.id, id)
      return edited(before, content, at)
    })
    return postView(facts, author, true)
  }
}

/** Deletes an own post; deleting it again is the same as once. */
export function deletePost(kit: Kit, viewers: Viewers): Handler<{ readonly id: PostId }, null> {
  return async ({ id }, context) => {
    const viewer = (await viewers.viewer(context))!
    await kit.db.transaction(async tx => {
      const post = await lockPost(tx, id)
      if (post === undefined && (await findDeletedAuthor(tx, id)) === viewer.id) return
      assertOwn(post, id, viewer)
      await removePost(tx, id, viewer.id)
      await tell(tx, 'deleted', viewer.id, id)
    })
    return null
  }
}

/** Others' posts may be seen and not changed; what may not be seen is not there. */
function assertOwn(post: PostFacts | undefined, id: PostId, viewer: Viewer): PostFacts {
  if (post === undefined || !maySee(viewer, post))
    throw postNotFound(`There is no post ${id}, or it is not for you to see.`)
  if (post.authorId !== viewer.id) throw notYourPost(`The post ${id} is somebody else's.`)
  return post
}

function edited(before: PostFacts, content: Content, at: Date): PostFacts {
  return {
    ...before,
    text: content.text,
    tags: [...content.tags],
    mentions: [...content.mentions],
    editedAt: at.toISOString(),
    version: before.version + 1,
  }
}

function tell(tx: Tx, type: 'edited' | 'deleted', authorId: UserId, postId: PostId) {
  return appendEvents(tx, [newEvent(posts, type, authorId, { postId, authorId })])
}
