import { type PostId, stale } from '@plaza/kernel/contract'
import { appendEvents, newEvent } from '@plaza/kernel/events'
import type { Handler, Kit } from '@plaza/kernel/service'
import type { Authors } from './authors.ts'
import { notYourPost, type Post, type PostFacts, posts } from './contract.ts'
import { contentReader } from './create-post.ts'
import { notThere } from './get-post.ts'
import { type Content, lockPost, replaceContent } from './post-store.ts'
import { postView } from './post-view.ts'
import type { FindReactions } from './viewer-reactions.ts'
import type { Viewer, Viewers } from './viewers.ts'

interface EditInput {
  readonly id: PostId
  readonly text: string
  readonly ifVersion?: number
}

/** Replaces the text of an own post and keeps the earlier one. A text that is the same changes nothing. */
export function editPost(
  kit: Kit,
  authors: Authors,
  viewers: Viewers,
  reactions: FindReactions,
): Handler<EditInput, Post> {
  const read = contentReader(kit)
  return async ({ id, text, ifVersion }, context) => {
    const viewer = (await viewers.viewer(context))!
    const content = await read(text, context)
    const author = await authors.get(viewer.id, viewer, context)
    const [reaction] = await reactions(viewer, [id])
    const facts = await kit.db.transaction(async tx => {
      const before = assertOwn(await lockPost(tx, id), id, viewer, viewers)
      if (ifVersion !== undefined && ifVersion !== before.version)
        throw stale(`The post has version ${before.version} now, not ${ifVersion}. Read it again.`)
      if (before.text === text) return before
      const at = new Date()
      await replaceContent(tx, before, content, at)
      await appendEvents(tx, [newEvent(posts, 'edited', viewer.id, { postId: id, authorId: viewer.id })])
      return edited(before, content, at)
    })
    return postView(facts, author, reaction)
  }
}

/** Others' posts may be seen and not changed; what may not be seen is not there. */
export function assertOwn(
  post: PostFacts | undefined,
  id: PostId,
  viewer: Viewer,
  viewers: Viewers,
): PostFacts {
  if (post === undefined || !viewers.maySee(viewer, post)) throw notThere(id)
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
