import type { PostId, UserId } from '@plaza/kernel/contract'
import type { Followed, Inbox } from './inbox.ts'
import { RecentIds } from './recent-ids.ts'

/** Who has more active followers than this is merged into their timelines when those are read (docs/decisions/0040-timelines.md). */
const hotAbove = 1_000
const ringCapacity = 500
/** Insertions after which the event loop gets its turn. */
const maxRun = 500
const none: readonly Inbox[] = []

/** Who of the active people follows whom: author → inboxes. */
export class Audience {
  readonly #authors = new Map<UserId, Followed>()
  readonly #hot = new Set<Followed>()
  readonly #hotAbove: number
  #run = 0

  constructor(above = hotAbove) {
    this.#hotAbove = above
  }

  /** From now on the inbox gets what these people post and repost; the first of them is its owner. */
  add(inbox: Inbox, authors: readonly UserId[]): void {
    inbox.followed = authors.map((id, i) => {
      let followed = this.#authors.get(id)
      if (followed === undefined) {
        followed = { id, inboxes: new Set(), own: none, ring: undefined }
        this.#authors.set(id, followed)
      }
      followed.inboxes.add(inbox)
      if (i === 0) followed.own = [...followed.own, inbox]
      return followed
    })
  }

  remove(inbox: Inbox): void {
    for (const followed of inbox.followed) {
      followed.inboxes.delete(inbox)
      if (followed.own.includes(inbox)) followed.own = followed.own.filter(each => each !== inbox)
      if (followed.inboxes.size > 0) continue
      this.#authors.delete(followed.id)
      this.#hot.delete(followed)
    }
    inbox.followed = []
  }

  /**
   * Puts a new entry into the inboxes of all who follow the author, in runs that let others have their turn; `version` is that of the author's log
   * with it. Their own inbox may know more of that log already, and then has it, unless it was taken back since.
   */
  async deliver(author: UserId, entry: PostId, version: number): Promise<void> {
    const followed = this.#authors.get(author)
    if (followed === undefined) return
    if (followed.ring === undefined && followed.inboxes.size > this.#hotAbove) this.#heat(followed)
    for (const inbox of followed.own) if (inbox.ownVersion < version) inbox.recent.insert(entry)
    if (followed.ring !== undefined) {
      followed.ring.insert(entry)
      return
    }
    for (const inbox of followed.inboxes) {
      if (followed.own.length > 0 && followed.own.includes(inbox)) continue
      inbox.recent.insert(entry)
      if (++this.#run >= maxRun) await this.#rest()
    }
  }

  /** Takes an entry out again. */
  async withdraw(author: UserId, entry: PostId): Promise<void> {
    const followed = this.#authors.get(author)
    if (followed === undefined) return
    followed.ring?.remove(entry)
    // It may have been delivered before there was a ring.
    for (const inbox of followed.inboxes) {
      inbox.recent.remove(entry)
      if (++this.#run >= maxRun) await this.#rest()
    }
  }

  /** The lists that together are the owner's timeline. What they wrote themselves is in their inbox. */
  listsOf(inbox: Inbox): readonly RecentIds[] {
    if (this.#hot.size === 0) return [inbox.recent]
    const rings = [...this.#hot]
      .filter(followed => followed.inboxes.has(inbox) && followed !== inbox.followed[0])
      .map(followed => followed.ring!)
    return [inbox.recent, ...rings]
  }

  async #rest(): Promise<void> {
    this.#run = 0
    await new Promise(setImmediate)
  }

  // What they posted before is in the inboxes there are; an inbox made later reads it from the database.
  #heat(followed: Followed): void {
    followed.ring = new RecentIds(ringCapacity)
    followed.ring.load([], true)
    this.#hot.add(followed)
  }
}
