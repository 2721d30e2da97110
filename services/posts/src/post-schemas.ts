import { Closed, Id, Nullable, type Static, Timestamp, Type } from '@plaza/kernel/contract'
import { maxTextLength } from './post-text.ts'

export const Visibility = Type.Unsafe<'public' | 'followers'>({
  type: 'string',
  enum: ['public', 'followers'],
  description: 'Who may see it: everybody, or those who follow the author',
})

/** As stored: what moderation hid, and what is deleted but for its place, is no post for anybody. */
const StoredVisibility = Type.Unsafe<'public' | 'followers' | 'hidden' | 'gone'>({
  type: 'string',
  enum: ['public', 'followers', 'hidden', 'gone'],
})

/** Length counts Unicode code points. */
export const Text = Type.String({
  minLength: 1,
  maxLength: maxTextLength,
  description: 'In Unicode code points',
})

/** The author, as shown beside a post. */
export const Author = Closed(
  {
    id: Id.user,
    username: Type.String(),
    displayName: Type.String(),
    avatarUrl: Nullable(Type.String()),
  },
  'Author',
)

const Mention = Closed({ id: Id.user, username: Type.String() }, 'Mention')

export const Count = Type.Integer({ minimum: 0 })

const content = {
  text: Type.String(),
  tags: Type.Array(Type.String(), { description: 'In lower case, in the order of their first use' }),
  mentions: Type.Array(Mention),
} as const

/** A post as people see it. */
export const Post = Closed(
  {
    id: Id.post,
    author: Author,
    ...content,
    media: Type.Array(Closed({})),
    products: Type.Array(Closed({})),
    replyTo: Nullable(Id.post),
    visibility: Visibility,
    likeCount: Count,
    replyCount: Count,
    repostCount: Count,
    liked: Type.Optional(Type.Boolean()),
    reposted: Type.Optional(Type.Boolean()),
    repostedBy: Type.Optional(Author),
    repostedAt: Type.Optional(Timestamp),
    deleted: Type.Optional(
      Type.Boolean({ description: 'Only its place is left, because of the answers below it' }),
    ),
    createdAt: Timestamp,
    editedAt: Nullable(Timestamp),
    version: Type.Integer({ description: 'Raised by each edit' }),
  },
  'Post',
)

/** What is true of a post whoever asks; who may see it is decided afterwards. */
export const PostFacts = Closed({
  id: Id.post,
  authorId: Id.user,
  ...content,
  replyTo: Nullable(Id.post),
  /** The first post of the thread; null for a post that answers none. */
  rootId: Nullable(Id.post),
  /** Who wrote what it answers: they see it whatever its visibility. */
  answeredId: Nullable(Id.user),
  visibility: StoredVisibility,
  likeCount: Count,
  replyCount: Count,
  repostCount: Count,
  createdAt: Timestamp,
  editedAt: Nullable(Timestamp),
  version: Type.Integer(),
})

export type Post = Static<typeof Post>
export type PostFacts = Static<typeof PostFacts>
export type Author = Static<typeof Author>
