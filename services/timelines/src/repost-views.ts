import type { Cache, CacheOf } from '@plaza/kernel/cache'
import type { PostId, UserId } from '@plaza/kernel/contract'
import { type Post, repostViewOf } from '@plaza/posts/contract'
import type { Card } from '@plaza/users/contract'
import { postOf, repostedAt, reposterOf } from './entries.ts'

/** A repost, taken apart. */
export interface Repost {
  readonly entry: PostId
  readonly postId: PostId
  readonly by: UserId
  readonly at: string
  /** By how the reader reacted to the post. */
  readonly views: (RepostView | undefined)[]
}

/** What a repost looks like, as long as the post and the card of who reposted it look as they did. */
interface RepostView {
  readonly base: Post
  readonly card: Card
  readonly view: Post
}

/** What reposts look like, made when first asked for: frozen and shared by all who see the same, so that its JSON is made once. */
export class RepostViews {
  readonly #kept: CacheOf<Repost>

  constructor(cache: Cache) {
    this.#kept = cache.of<Repost>({
      name: 'timelines.reposts',
      maxEntries: 20_000,
      freshFor: 600_000,
      // An entry, a view and its JSON; and the text in that.
      weigh: ({ views }) => 1_500 + 2 * (views.find(each => each)?.base.text.length ?? 0),
      maxWeight: 32_000_000,
    })
  }

  of(entry: PostId): Repost {
    return (
      this.#kept.peek(entry) ?? {
        entry,
        postId: postOf(entry),
        by: reposterOf(entry),
        at: repostedAt(entry),
        views: [],
      }
    )
  }

  /** `base` is the view of the post itself, for the same reader. */
  viewOf(repost: Repost, base: Post, card: Card): Post {
    const place = (base.liked ? 1 : 0) + (base.reposted ? 2 : 0)
    const made = repost.views[place]
    if (made !== undefined && made.base === base && made.card === card) return made.view
    const isNew = repost.views.length === 0
    const view = Object.freeze(repostViewOf(base, { by: card, at: repost.at }))
    repost.views[place] = { base, card, view }
    if (isNew) this.#kept.set(repost.entry, repost)
    return view
  }
}
