import type { Context } from '@plaza/kernel/call'
import type { PostId, UserId } from '@plaza/kernel/contract'
import type { Kit } from '@plaza/kernel/service'
import { posts } from '@plaza/posts/contract'
import { maxOutOfOrder } from './inboxes.ts'
import { RecentIds } from './recent-ids.ts'
import type { Viewer } from './viewers.ts'

/** Public posts in memory: 50 pages. */
const capacity = 1_000
/** People whose own posts were added before their events came. */
const maxAdded = 10_000

/** The newest public posts of all, fed by the events of posts. */
export class PublicRing {
  readonly #call: Kit['call']
  #recent = new RecentIds(capacity)
  #loading: Promise<RecentIds> | undefined
  /** By author: everything up to this version of their log is in it, whatever was heard. */
  readonly #added = new Map<UserId, number>()

  constructor(call: Kit['call']) {
    this.#call = call
  }

  /** The ring, with everything the viewer wrote; `heard`: how far their log was heard. */
  async get(viewer: Viewer | undefined, heard: number, context: Context): Promise<RecentIds> {
    const recent = this.#recent.isLoaded ? this.#recent : await this.#load(context)
    if (viewer === undefined) return recent
    const known = Math.max(heard, this.#added.get(viewer.id) ?? 0)
    if (known < viewer.ownVersion) await this.#addOwn(recent, viewer, known, context)
    return recent
  }

  insert(post: PostId): void {
    this.#recent.insert(post)
  }

  /** Drops everything: events may have been missed. */
  clear(): void {
    this.#recent = new RecentIds(capacity)
    this.#loading = undefined
    this.#added.clear()
  }

  #load(context: Context): Promise<RecentIds> {
    if (this.#loading !== undefined) return this.#loading
    const recent = this.#recent
    // It hears of posts already; what was posted before, the query that begins now sees.
    const loading = this.#call(posts)
      .pagePublic({ without: [], limit: capacity }, context)
      .then(({ ids }) => {
        recent.load(ids, ids.length < capacity)
        return recent
      })
      .finally(() => {
        if (this.#loading === loading) this.#loading = undefined
      })
    this.#loading = loading
    return loading
  }

  /** Not every own event was heard yet: their posts are among the newest of the author. */
  async #addOwn(recent: RecentIds, viewer: Viewer, known: number, context: Context): Promise<void> {
    const { id: author, ownVersion } = viewer
    const limit = Math.min(ownVersion - known + maxOutOfOrder, capacity)
    const { ids } = await this.#call(posts).pageByAuthors({ authors: [author], limit }, context)
    const facts = await this.#call(posts).byIds({ ids: ids.filter(each => each >= recent.floor) }, context)
    for (const { id, visibility, replyTo } of facts) {
      if (visibility === 'public' && replyTo === null) recent.insert(id)
    }
    this.#added.set(author, ownVersion)
    if (this.#added.size > maxAdded) this.#added.delete(this.#added.keys().next().value!)
  }
}
