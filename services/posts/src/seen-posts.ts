import type { PostId } from '@plaza/kernel/contract'
import type { Handler } from '@plaza/kernel/service'
import type { Post } from './contract.ts'
import type { CurrentPosts } from './current-posts.ts'
import type { ShowPosts } from './show-posts.ts'
import type { Viewers } from './viewers.ts'

/** Posts by id, in their order, as the one who asks sees them: for services that know which, and not who may see them. */
export function seenPosts(
  current: CurrentPosts,
  viewers: Viewers,
  shown: ShowPosts,
): Handler<{ readonly ids: readonly PostId[] }, Post[]> {
  return async ({ ids }, context) => {
    const [viewer, ...found] = await Promise.all([
      viewers.viewer(context),
      ...ids.map(id => current.find(id)),
    ])
    const listed = found.flatMap(post =>
      post === undefined ? [] : { id: post.facts.id, version: post.facts.version },
    )
    return shown(listed, viewer, context)
  }
}
