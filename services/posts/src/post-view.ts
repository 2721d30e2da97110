import type { Author, Counts, Post, PostFacts } from './contract.ts'

/** How the one who looks stands to a post; undefined for who is not logged in. */
export interface Reaction {
  readonly liked: boolean
  readonly reposted: boolean
}

type Card = Author & { readonly version: number }
type Views = (Post | undefined)[]

/** A post in memory, with what it looks like: made when first asked for, and shared by all who see the same. */
export interface KnownPost {
  readonly facts: PostFacts
  /** Of the author's card in the views. */
  cardVersion: number | undefined
  /** By `placeOf` the reaction: five ways to look at it. */
  views: Views
}

export function knownPost(facts: PostFacts): KnownPost {
  return { facts: { ...facts }, cardVersion: undefined, views: [] }
}

/** The counts as they are now. */
export function setCounts(post: KnownPost, { likes, replies, reposts }: Counts): void {
  // What is told late of a deleted post was true before.
  if (post.facts.visibility === 'gone') return
  const facts: { likeCount: number; replyCount: number; repostCount: number } = post.facts
  facts.likeCount = likes
  facts.replyCount = replies
  facts.repostCount = reposts
  post.views = []
}

/** The view made before, unless author or counts look different now. Frozen, for many pages share it, and its JSON is made once. */
export function viewOf(post: KnownPost, card: Card, reaction: Reaction | undefined): Post {
  if (post.cardVersion !== card.version) {
    post.cardVersion = card.version
    post.views = []
  }
  const place = placeOf(reaction)
  post.views[place] ??= Object.freeze(postView(post.facts, card, reaction))
  return post.views[place]
}

/** Who put a post into a timeline once more, and when. */
export interface RepostOf {
  readonly by: Card
  /** RFC 3339. */
  readonly at: string
}

/** A post as it stands where it was reposted. */
export function repostViewOf(view: Post, { by, at }: RepostOf): Post {
  return { ...view, repostedBy: authorOf(by), repostedAt: at }
}

/** A post as somebody sees it; `liked` and the like are there for those who are logged in. */
export function postView(facts: PostFacts, author: Author, reaction: Reaction | undefined): Post {
  const { id, text, tags, mentions, replyTo, visibility, createdAt, editedAt, version } = facts
  const { likeCount, replyCount, repostCount } = facts
  const post: Post = {
    id,
    author: authorOf(author),
    text,
    tags,
    mentions,
    media: [],
    products: [],
    replyTo,
    visibility: visibility === 'followers' ? visibility : 'public',
    likeCount,
    replyCount,
    repostCount,
    createdAt,
    editedAt,
    version,
  }
  if (visibility === 'gone') post.deleted = true
  if (reaction !== undefined) {
    post.liked = reaction.liked
    post.reposted = reaction.reposted
  }
  return post
}

function authorOf({ id, username, displayName, avatarUrl }: Author): Author {
  return { id, username, displayName, avatarUrl }
}

function placeOf(reaction: Reaction | undefined): number {
  if (reaction === undefined) return 0
  return 1 + (reaction.liked ? 1 : 0) + (reaction.reposted ? 2 : 0)
}
