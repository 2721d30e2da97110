import type { Context } from '@plaza/kernel/call'
import type { PostId } from '@plaza/kernel/contract'
import type { Handler } from '@plaza/kernel/service'
import type { Authors } from './authors.ts'
import { type Post, postNotFound } from './contract.ts'
import type { CurrentPosts } from './current-posts.ts'
import { type KnownPost, viewOf } from './post-view.ts'
import { maySee, type Viewer, type Viewers } from './viewers.ts'

export interface PostReader {
  /** The post, if it is for these eyes, and who looks; throws `post-not-found`. */
  get(
    id: PostId,
    context: Context,
  ): Promise<{ readonly post: KnownPost; readonly viewer: Viewer | undefined }>
}

export function postReader(current: CurrentPosts, viewers: Viewers): PostReader {
  return {
    get: async (id, context) => {
      const [post, viewer] = await Promise.all([current.find(id), viewers.viewer(context)])
      if (post === undefined || !maySee(viewer, post.facts))
        throw postNotFound(`There is no post ${id}, or it is not for you to see.`)
      return { post, viewer }
    },
  }
}

export function getPost(reader: PostReader, authors: Authors): Handler<{ readonly id: PostId }, Post> {
  return async ({ id }, context) => {
    const { post, viewer } = await reader.get(id, context)
    return viewOf(post, await authors.get(post.facts.authorId, viewer, context), viewer !== undefined)
  }
}
