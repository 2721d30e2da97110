import type { Context } from '@plaza/kernel/call'
import type { PostId } from '@plaza/kernel/contract'
import type { Handler } from '@plaza/kernel/service'
import type { Authors } from './authors.ts'
import { type Post, postNotFound } from './contract.ts'
import type { CurrentPosts } from './current-posts.ts'
import { type KnownPost, viewOf } from './post-view.ts'
import type { FindReactions } from './viewer-reactions.ts'
import type { Viewer, Viewers } from './viewers.ts'

export interface PostReader {
  /** The post, if it is for these eyes, and who looks; throws `post-not-found`. */
  get(id: PostId, context: Context): Promise<Found>
  /** The same, and also the place that a deleted post with answers left. */
  getOrPlace(id: PostId, context: Context): Promise<Found>
}

interface Found {
  readonly post: KnownPost
  readonly viewer: Viewer | undefined
}

export function postReader(current: CurrentPosts, viewers: Viewers): PostReader {
  const find = async (id: PostId, context: Context, placesToo: boolean): Promise<Found> => {
    const [post, viewer] = await Promise.all([current.find(id), viewers.viewer(context)])
    if (post === undefined) throw notThere(id)
    const isShown = placesToo && post.facts.visibility === 'gone'
    if (!isShown && !viewers.maySee(viewer, post.facts)) throw notThere(id)
    return { post, viewer }
  }
  return {
    get: (id, context) => find(id, context, false),
    getOrPlace: (id, context) => find(id, context, true),
  }
}

export function getPost(
  reader: PostReader,
  authors: Authors,
  reactions: FindReactions,
): Handler<{ readonly id: PostId }, Post> {
  return async ({ id }, context) => {
    const { post, viewer } = await reader.get(id, context)
    const [author, [reaction]] = await Promise.all([
      authors.get(post.facts.authorId, viewer, context),
      reactions(viewer, [id]),
    ])
    return viewOf(post, author, reaction)
  }
}

/** The refusal of what does not exist and of what one may not see: the same. */
export function notThere(id: PostId) {
  return postNotFound(`There is no post ${id}, or it is not for you to see.`)
}
