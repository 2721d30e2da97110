import type { CacheOf } from '@plaza/kernel/cache'
import type { Context } from '@plaza/kernel/call'
import type { PostId, UserId } from '@plaza/kernel/contract'
import type { Kit } from '@plaza/kernel/service'
import { type KnownPost, knownPost, type Post, type PostFacts, posts, viewOf } from '@plaza/posts/contract'
import { type Card, users } from '@plaza/users/contract'
import type { AuthorLog } from './author-log.ts'
import type { Viewer } from './viewers.ts'

/** A post in memory, and the version of its author's log that it was read at, if that was known. */
interface Known extends KnownPost {
  readonly asOf: number
}

/** A card, and the version of its person's relations that it was read at, if that was known. */
interface KnownCard {
  readonly card: Card
  readonly asOf: number
}

export interface TimelinePosts {
  /** The posts with these ids, in their order, undefined where there is none. Own posts and the own name are as they are now. */
  show(
    ids: readonly PostId[],
    viewer: Viewer | undefined,
    context: Context,
  ): (Post | undefined)[] | Promise<(Post | undefined)[]>
  /** The post was changed or deleted. */
  drop(id: PostId): void
  /** The person's profile was changed. */
  dropAuthor(id: UserId): void
  clear(): void
  dropAuthors(): void
}

export function timelinePosts({ call, cache }: Kit, log: AuthorLog): TimelinePosts {
  const known = cache.of<Known>({
    name: 'timelines.posts',
    maxEntries: 100_000,
    freshFor: 600_000,
    // An entry with its two views, what they share and a view's JSON; and the text, thrice.
    weigh: ({ facts }) => 2_200 + 3 * facts.text.length,
    maxWeight: 96_000_000,
  })
  const cards = cache.of<KnownCard>({ name: 'timelines.authors', maxEntries: 50_000, freshFor: 600_000 })

  const isCurrent = ({ facts, asOf }: Known, viewer: Viewer | undefined) =>
    viewer === undefined ||
    facts.authorId !== viewer.id ||
    asOf >= viewer.ownVersion ||
    log.heardOf(viewer.id) >= viewer.ownVersion
  // A profile's edit raises its owner's relations' version too.
  const isCurrentCard = ({ card, asOf }: KnownCard, viewer: Viewer | undefined) =>
    card.id !== viewer?.id || asOf >= viewer.relationVersion

  /** What memory has, or undefined when something is missing: nearly always it is all there, and nothing need wait. */
  const showKnown = (
    ids: readonly PostId[],
    viewer: Viewer | undefined,
  ): (Post | undefined)[] | undefined => {
    const shown: (Post | undefined)[] = []
    for (const id of ids) {
      const entry = known.peek(id)
      if (entry === undefined || !isCurrent(entry, viewer)) return undefined
      const author = cards.peek(entry.facts.authorId)
      if (author === undefined || !isCurrentCard(author, viewer)) return undefined
      shown.push(viewOf(entry, author.card, viewer !== undefined))
    }
    return shown
  }

  const findPosts = async (ids: readonly PostId[], viewer: Viewer | undefined, context: Context) => {
    const read = async (wanted: readonly string[]) => {
      const found = await call(posts).byIds({ ids: wanted as PostId[] }, context)
      return new Map(found.map(facts => [facts.id as string, asKnown(facts, viewer)]))
    }
    dropOld(known, ids, entry => isCurrent(entry, viewer))
    const found = await known.getMany(ids, read)
    // One that joined what another reader had begun to load may still lack an own edit.
    return dropOld(known, ids, entry => isCurrent(entry, viewer)) ? known.getMany(ids, read) : found
  }

  const findCards = async (ids: readonly UserId[], viewer: Viewer | undefined, context: Context) => {
    const read = async (wanted: readonly string[]) => {
      const found = await call(users).cards({ ids: wanted as UserId[] }, context)
      return new Map(found.map(card => [card.id as string, asKnownCard(card, viewer)]))
    }
    dropOld(cards, ids, entry => isCurrentCard(entry, viewer))
    const found = await cards.getMany(ids, read)
    return dropOld(cards, ids, entry => isCurrentCard(entry, viewer)) ? cards.getMany(ids, read) : found
  }

  const findAndShow = async (ids: readonly PostId[], viewer: Viewer | undefined, context: Context) => {
    const entries = await findPosts(ids, viewer, context)
    const authors = [...new Set(entries.flatMap(entry => entry?.facts.authorId ?? []))]
    const found = new Map(
      (await findCards(authors, viewer, context)).map(entry => [entry?.card.id, entry?.card]),
    )
    return entries.map(entry => {
      const card = entry && found.get(entry.facts.authorId)
      return entry && card && viewOf(entry, card, viewer !== undefined)
    })
  }

  return {
    show: (ids, viewer, context) => showKnown(ids, viewer) ?? findAndShow(ids, viewer, context),
    drop: id => known.delete(id),
    dropAuthor: id => cards.delete(id),
    clear: () => known.clear(),
    dropAuthors: () => cards.clear(),
  }
}

function asKnown(facts: PostFacts, viewer: Viewer | undefined): Known {
  const asOf = facts.authorId === viewer?.id ? viewer.ownVersion : 0
  return { ...knownPost(facts), asOf }
}

function asKnownCard(card: Card, viewer: Viewer | undefined): KnownCard {
  return { card, asOf: card.id === viewer?.id ? viewer.relationVersion : 0 }
}

/** Drops the entries that are not current; whether there were any. */
function dropOld<V>(kept: CacheOf<V>, keys: readonly string[], isCurrent: (entry: V) => boolean): boolean {
  let dropped = false
  for (const key of keys) {
    const entry = kept.peek(key)
    if (entry === undefined || isCurrent(entry)) continue
    kept.delete(key)
    dropped = true
  }
  return dropped
}
