import type { CacheOf } from '@plaza/kernel/cache'
import type { Context } from '@plaza/kernel/call'
import type { PostId, UserId } from '@plaza/kernel/contract'
import type { Kit } from '@plaza/kernel/service'
import {
  type Counts,
  type KnownPost,
  knownPost,
  type Post,
  type PostFacts,
  posts,
  type Reaction,
  type ReactionCache,
  type ReactionTo,
  setCounts,
  viewOf,
} from '@plaza/posts/contract'
import { type Card, users } from '@plaza/users/contract'
import type { AuthorLog } from './author-log.ts'
import { isRepost } from './entries.ts'
import { type Repost, RepostViews } from './repost-views.ts'
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

export type Shown = readonly (Post | undefined)[]

export interface TimelinePosts {
  /**
   * What stands in these entries, in their order, undefined where there is nothing. Own posts, the own name and what one likes are as they are now.
   * Given at once when memory has it all.
   */
  show(entries: readonly PostId[], viewer: Viewer | undefined, context: Context): Shown | Promise<Shown>
  /** The post was changed or deleted. */
  drop(id: PostId): void
  /** Its counts are these now. */
  count(counts: Counts): void
  /** The person's profile was changed. */
  dropAuthor(id: UserId): void
  clear(): void
  dropAuthors(): void
}

export function timelinePosts({ call, cache }: Kit, log: AuthorLog, reactions: ReactionCache): TimelinePosts {
  const reposts = new RepostViews(cache)
  const known = cache.of<Known>({
    name: 'timelines.posts',
    maxEntries: 100_000,
    freshFor: 600_000,
    // An entry with its usual two views, what they share and a view's JSON; and the text, thrice.
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

  const peekCard = (id: UserId, viewer: Viewer | undefined) => {
    const entry = cards.peek(id)
    return entry !== undefined && isCurrentCard(entry, viewer) ? entry.card : undefined
  }

  /** What memory has, or undefined when something is missing: nearly always it is all there, and nothing need wait. */
  const showKnown = (entries: readonly PostId[], viewer: Viewer | undefined, reactionTo: ReactionTo) => {
    const shown: Post[] = []
    for (const entry of entries) {
      const repost = isRepost(entry) ? reposts.of(entry) : undefined
      const id = repost?.postId ?? entry
      const post = known.peek(id)
      if (post === undefined || !isCurrent(post, viewer)) return undefined
      const author = peekCard(post.facts.authorId, viewer)
      const reaction = reactionTo(id)
      if (author === undefined || (reaction === undefined && viewer !== undefined)) return undefined
      const view = viewOf(post, author, reaction)
      if (repost === undefined) {
        shown.push(view)
        continue
      }
      const reposter = peekCard(repost.by, viewer)
      if (reposter === undefined) return undefined
      shown.push(reposts.viewOf(repost, view, reposter))
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
    const isOld = dropOld(cards, ids, entry => isCurrentCard(entry, viewer))
    return new Map(
      (isOld ? await cards.getMany(ids, read) : found).map(entry => [entry?.card.id, entry?.card]),
    )
  }

  /** What memory does not know of old posts is asked for all of them at once. */
  const findReactions = async (
    ids: readonly PostId[],
    viewer: Viewer | undefined,
    reactionTo: ReactionTo | Promise<ReactionTo>,
    context: Context,
  ) => {
    const remembered = await reactionTo
    if (viewer === undefined) return remembered
    const old = ids.filter(id => remembered(id) === undefined)
    if (old.length === 0) return remembered
    const found = await call(posts).reactionsTo({ id: viewer.id, ids: [...new Set(old)] }, context)
    const [liked, reposted] = [new Set(found.liked), new Set(found.reposted)]
    return (id: PostId): Reaction => remembered(id) ?? { liked: liked.has(id), reposted: reposted.has(id) }
  }

  const findAndShow = async (
    entries: readonly PostId[],
    viewer: Viewer | undefined,
    reactions: ReactionTo | Promise<ReactionTo>,
    context: Context,
  ) => {
    const parts = entries.map(entry => (isRepost(entry) ? reposts.of(entry) : entry))
    const ids = parts.map(part => (typeof part === 'string' ? part : part.postId))
    const [found, reactionTo] = await Promise.all([
      findPosts(ids, viewer, context),
      findReactions(ids, viewer, reactions, context),
    ])
    const people = found.flatMap((post, i) => (post ? peopleOf(post, parts[i]!) : []))
    const cardOf = await findCards([...new Set(people)], viewer, context)
    return parts.map((part, i) => {
      const post = found[i]
      const author = post && cardOf.get(post.facts.authorId)
      if (post === undefined || author === undefined) return undefined
      const view = viewOf(post, author, reactionTo(post.facts.id))
      if (typeof part === 'string') return view
      const reposter = cardOf.get(part.by)
      return reposter && reposts.viewOf(part, view, reposter)
    })
  }

  return {
    show: (entries, viewer, context) => {
      const reactionTo = viewer === undefined ? asNobody : reactions.of(viewer.id, viewer.ownVersion)
      const shown = reactionTo instanceof Promise ? undefined : showKnown(entries, viewer, reactionTo)
      return shown ?? findAndShow(entries, viewer, reactionTo, context)
    },
    drop: id => known.delete(id),
    count: counts => {
      const post = known.peek(counts.postId)
      // What is being loaded may have been counted before.
      if (post === undefined) known.delete(counts.postId)
      else setCounts(post, counts)
    },
    dropAuthor: id => cards.delete(id),
    clear: () => known.clear(),
    dropAuthors: () => cards.clear(),
  }
}

/** For who is not logged in. */
const asNobody: ReactionTo = () => undefined

function peopleOf({ facts }: Known, part: PostId | Repost): UserId[] {
  return typeof part === 'string' ? [facts.authorId] : [facts.authorId, part.by]
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
