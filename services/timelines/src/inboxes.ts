import type { Context } from '@plaza/kernel/call'
import type { PostId, UserId } from '@plaza/kernel/contract'
import type { Kit } from '@plaza/kernel/service'
import { type Relations, users } from '@plaza/users/contract'
import { Audience } from './audience.ts'
import { isRepost, reposterOf } from './entries.ts'
import { Inbox } from './inbox.ts'
import { readEntries } from './read-ids.ts'
import type { Viewer } from './viewers.ts'

export interface InboxesOptions {
  /** People active lately whose inboxes are kept (10,000); who was not seen for longest goes first. */
  readonly maxInboxes?: number
  /** Who has more active followers than this (1,000) is merged into their timelines when those are read. */
  readonly hotAbove?: number
  /** Posts an inbox holds (200: ten pages); it begins with half of them, and grows by what is posted. */
  readonly capacity?: number
}

/** What somebody writes at the same moment may have its ids in another order than its commits. */
export const maxOutOfOrder = 10

/** A person's place: their inbox, and the one that is being made. */
interface Place {
  inbox: Inbox | undefined
  making: Promise<Inbox> | undefined
}

/**
 * The inboxes of people who were active lately: a cache of entries that events of posts feed, made of exact SQL when first wanted and when
 * the owner's relations moved.
 */
export class Inboxes {
  readonly #call: Kit['call']
  readonly #options: InboxesOptions
  readonly #capacity: number
  // In the order of use.
  #places = new Map<UserId, Place>()
  #audience: Audience

  constructor(call: Kit['call'], options: InboxesOptions = {}) {
    this.#call = call
    this.#options = options
    this.#capacity = options.capacity ?? 200
    this.#audience = new Audience(options.hotAbove)
  }

  get size(): number {
    return this.#places.size
  }

  /** The viewer's inbox, with everything they wrote and every relation as their versions say. */
  async get(viewer: Viewer, context: Context): Promise<Inbox> {
    const inbox = await this.#current(viewer, context)
    if (inbox.ownVersion < viewer.ownVersion) await this.#addOwn(inbox, viewer, context)
    return inbox
  }

  /** The lists that together are the newest of the inbox owner's timeline. */
  listsOf(inbox: Inbox) {
    return this.#audience.listsOf(inbox)
  }

  /** Everybody's inbox that is kept. */
  *kept(): Iterable<readonly [UserId, Inbox]> {
    for (const [id, { inbox }] of this.#places) if (inbox !== undefined) yield [id, inbox]
  }

  /** A new post or repost; `version` is that of the person's log with it. */
  deliver(person: UserId, entry: PostId, version: number): Promise<void> {
    return this.#audience.deliver(person, entry, version)
  }

  /** A repost was taken back. */
  withdraw(person: UserId, entry: PostId): Promise<void> {
    return this.#audience.withdraw(person, entry)
  }

  /** The author's own inbox holds everything up to this version of their log. */
  hear(author: UserId, version: number): void {
    const own = this.#places.get(author)?.inbox
    if (own !== undefined && own.ownVersion < version) own.ownVersion = version
  }

  /** Drops everything: events may have been missed. What is being made serves those who wait for it, and is not kept. */
  clear(): void {
    this.#places = new Map()
    this.#audience = new Audience(this.#options.hotAbove)
  }

  async #current(viewer: Viewer, context: Context): Promise<Inbox> {
    const place = this.#placeOf(viewer.id)
    for (;;) {
      if (place.inbox !== undefined && place.inbox.relationVersion >= viewer.relationVersion)
        return place.inbox
      // One that somebody began before the relations moved is not enough: then once more.
      place.making ??= this.#make(place, viewer, context).finally(() => {
        place.making = undefined
      })
      const made = await place.making
      if (made.relationVersion >= viewer.relationVersion) return made
    }
  }

  async #make(place: Place, viewer: Viewer, context: Context): Promise<Inbox> {
    const audience = this.#audience
    const relations = await this.#call(users).relations({ id: viewer.id }, context)
    const authors = authorsOf(viewer.id, relations)
    const old = place.inbox
    if (old !== undefined && isOf(old, authors)) {
      old.relationVersion = relations.version
      old.hidden = hiddenOf(relations)
      return old
    }
    const inbox = new Inbox(this.#capacity, relations.version, viewer.ownVersion)
    inbox.hidden = hiddenOf(relations)
    // It hears of posts from now on; what was posted before, the query that begins now sees.
    audience.add(inbox, authors)
    const firstLoad = this.#capacity >> 1
    try {
      const ids = await readEntries(this.#call, authors, context)({ limit: firstLoad })
      inbox.recent.load(ids, ids.length < firstLoad)
    } catch (error) {
      audience.remove(inbox)
      throw error
    }
    if (old !== undefined) audience.remove(old)
    place.inbox = inbox
    return inbox
  }

  /** Not every own event was heard yet: what they posted and reposted is among the newest of theirs, and what they took back is not. */
  async #addOwn(inbox: Inbox, { id, ownVersion }: Viewer, context: Context): Promise<void> {
    const ownReposts = () => inbox.recent.filter(entry => isRepost(entry) && reposterOf(entry) === id)
    // With twice as many as it holds of one author in it, it holds nothing older.
    const all = 2 * this.#capacity
    const unheard = ownVersion - inbox.ownVersion + maxOutOfOrder
    const limit = ownReposts().length > 0 ? all : Math.min(unheard, all)
    const entries = await readEntries(this.#call, [id], context)({ limit })
    // All of it was heard meanwhile, and what was heard may be newer than this answer.
    if (inbox.ownVersion >= ownVersion) return
    const standing = new Set(entries)
    const lowest = entries.length < limit ? '' : entries.at(-1)!
    for (const repost of ownReposts())
      if (repost >= lowest && !standing.has(repost)) inbox.recent.remove(repost)
    for (const entry of entries) inbox.recent.insert(entry)
    inbox.ownVersion = ownVersion
  }

  #placeOf(id: UserId): Place {
    const place = this.#places.get(id) ?? { inbox: undefined, making: undefined }
    this.#places.delete(id)
    this.#places.set(id, place)
    if (this.#places.size > (this.#options.maxInboxes ?? 10_000)) this.#dropOldest()
    return place
  }

  #dropOldest(): void {
    for (const [id, place] of this.#places) {
      if (place.making !== undefined) continue
      this.#places.delete(id)
      if (place.inbox !== undefined) this.#audience.remove(place.inbox)
      return
    }
  }
}

const nobody: ReadonlySet<UserId> = new Set()

function hiddenOf({ blocked, muted }: Relations): ReadonlySet<UserId> {
  return blocked.length + muted.length === 0 ? nobody : new Set([...blocked, ...muted])
}

/** Whose posts a person reads at home: their own, and of those they follow whom they neither muted nor blocked. */
function authorsOf(id: UserId, relations: Relations): UserId[] {
  const { following } = relations
  const hidden = hiddenOf(relations)
  return [id, ...following.filter(each => !hidden.has(each))]
}

function isOf(inbox: Inbox, authors: readonly UserId[]): boolean {
  if (inbox.followed.length !== authors.length) return false
  const had = new Set(inbox.followed.map(followed => followed.id))
  return authors.every(author => had.has(author))
}
