import type { Author, Post, PostFacts } from './contract.ts'

/** A post in memory, with what it looks like: made when first asked for, and shared by all who see the same. */
export interface KnownPost {
  readonly facts: PostFacts
  /** Of the author's card in the views. */
  cardVersion: number | undefined
  view: Post | undefined
  anonymousView: Post | undefined
}

export function knownPost(facts: PostFacts): KnownPost {
  return { facts, cardVersion: undefined, view: undefined, anonymousView: undefined }
}

/** The view made before, unless its author looks different now. Frozen, for many pages share it, and its JSON is made once. */
export function viewOf(
  post: KnownPost,
  card: Author & { readonly version: number },
  isLoggedIn: boolean,
): Post {
  if (post.cardVersion !== card.version) {
    post.cardVersion = card.version
    post.view = undefined
    post.anonymousView = undefined
  }
  if (isLoggedIn) {
    post.view ??= Object.freeze(postView(post.facts, card, true))
    return post.view
  }
  post.anonymousView ??= Object.freeze(postView(post.facts, card, false))
  return post.anonymousView
}

/** A post as somebody sees it; `liked` and the like are there for those who are logged in. */
export function postView(facts: PostFacts, author: Author, isLoggedIn: boolean): Post {
  const { id, text, tags, mentions, visibility, createdAt, editedAt, version } = facts
  const { id: authorId, username, displayName, avatarUrl } = author
  const post: Post = {
    id,
    author: { id: authorId, username, displayName, avatarUrl },
    text,
    tags,
    mentions,
    media: [],
    products: [],
    replyTo: null,
    visibility,
    likeCount: 0,
    replyCount: 0,
    repostCount: 0,
    createdAt,
    editedAt,
    version,
  }
  if (isLoggedIn) {
    post.liked = false
    post.reposted = false
  }
  return post
}
