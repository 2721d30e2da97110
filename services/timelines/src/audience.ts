import type { PostId, UserId } from '@plaza/kernel/contract'
import type { Followed, Inbox } from './inbox.ts'
import { RecentIds } from './recent-ids.ts'

/** Who has more active followers than this is merged into their timelines when those are read (docs/decisions/0040-timelines.md). */
const hotAbove = 1_000
const ringCapacity = 500
/** Insertions after which the event loop gets its turn. */
const maxRun = 500

/** Who of the active people follows whom: author → inboxes. */
export class Audience {
  readonly #authors = new Map<UserId, Followed>()
  readonly #hot = new Set<Followed>()
  readonly #hotAbove: number
  #run = 0

  constructor(above = hotAbove) {
    this.#hotAbove = above
  }

  /** From now on the inbox gets what these people post. */
  add(inbox: Inbox, authors: readonly UserId[]): void {
    inbox.followed = authors.map(id => {
      let followed = this.#authors.get(id)
      if (followed === undefined) {
        followed = { id, inboxes: new Set(), ring: undefined }
        this.#authors.set(id, followed)
      }
      followed.inboxes.add(inbox)
      return followed
    })
  }

  remove(inbox: Inbox): void {
    for (const followed of inbox.followed) {
      followed.inboxes.delete(inbox)
      if (followed.inboxes.size > 0) continue
      this.#authors.delete(followed.id)
      this.#hot.delete(followed)
    }
    inbox.followed = []
  }

  /** Puts a new post into the inboxes of all who follow the author, in runs that let others have their turn. */
  async deliver(author: UserId, post: PostId): Promise<void> {
    const followed = this.#authors.get(author)
    if (followed === undefined) return
    if (followed.ring === undefined && followed.inboxes.size > this.#hotAbove) this.#heat(followed)
    if (followed.ring !== undefined) {
      followed.ring.insert(post)
      return
    }
    for (const inbox of followed.inboxes) {
      inbox.recent.insert(post)
      if (++this.#run >= maxRun) {
        this.#run = 0
        await new Promise(setImmediate)
      }
    }
  }

  /** The lists that together are the owner's timeline. */
  listsOf(inbox: Inbox): readonly RecentIds[] {
    if (this.#hot.size === 0) return [inbox.recent]
    const rings = [...this.#hot]
      .filter(followed => followed.inboxes.has(inbox))
      .map(followed => followed.ring!)
    return [inbox.recent, ...rings]
  }

  // What they posted before is in the inboxes there are; an inbox made later reads it from the database.
  #heat(followed: Followed): void {
    followed.ring = new RecentIds(ringCapacity)
    followed.ring.load([], true)
    this.#hot.add(followed)
  }
}
