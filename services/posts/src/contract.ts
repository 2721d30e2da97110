import {
  Closed,
  command,
  contract,
  errorCode,
  event,
  Id,
  Nothing,
  Nullable,
  Page,
  PageInput,
  query,
  type Static,
  stale,
  Timestamp,
  Type,
} from '@plaza/kernel/contract'
import { userNotFound } from '@plaza/users/contract'
import { maxTextLength } from './post-text.ts'

export { type KnownPost, knownPost, viewOf } from './post-view.ts'

export const postNotFound = errorCode('post-not-found', 'not-found', 'There is no such post')
export const notYourPost = errorCode('not-your-post', 'forbidden', 'Only its author may change a post')

const Visibility = Type.Unsafe<'public' | 'followers'>({
  type: 'string',
  enum: ['public', 'followers'],
  description: 'Who may see it: everybody, or those who follow the author',
})

/** Length counts Unicode code points. */
const Text = Type.String({ minLength: 1, maxLength: maxTextLength, description: 'In Unicode code points' })

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
    likeCount: Type.Integer(),
    replyCount: Type.Integer(),
    repostCount: Type.Integer(),
    liked: Type.Optional(Type.Boolean()),
    reposted: Type.Optional(Type.Boolean()),
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
  visibility: Visibility,
  createdAt: Timestamp,
  editedAt: Nullable(Timestamp),
  version: Type.Integer(),
})

const Edit = Closed(
  {
    version: Type.Integer(),
    text: Type.String(),
    writtenAt: Type.Unsafe<string>({ ...Timestamp, description: 'When this text was written' }),
  },
  'Edit',
)

const PostKey = Closed({ id: Id.post })
const ids = Type.Array(Id.post, { maxItems: 1000 })

/** What lists of ids take, besides whose posts: exact, newest first, below `before` or above `after` (then the nearest to it). */
const span = {
  before: Type.Optional(Id.post),
  after: Type.Optional(Id.post),
  limit: Type.Integer({ minimum: 1, maximum: 1000 }),
} as const
const without = Type.Array(Id.user, { description: 'People whose posts are left out' })
const Ids = Closed({ ids })

export const posts = contract(
  'posts',
  {
    create: command({
      route: 'POST /api/v1/posts',
      access: 'posts:write',
      summary: 'Writes a post.',
      input: Closed({ text: Text, visibility: Type.Optional(Visibility) }),
      output: Post,
      status: 201,
    }),
    get: query({
      route: 'GET /api/v1/posts/:id',
      access: 'public',
      summary: 'One post.',
      input: PostKey,
      output: Post,
      fails: [postNotFound],
    }),
    edit: command({
      route: 'PATCH /api/v1/posts/:id',
      access: 'posts:write',
      summary: 'Changes the text of an own post; the earlier text stays readable.',
      input: Closed({ id: Id.post, text: Text, ifVersion: Type.Optional(Type.Integer()) }),
      output: Post,
      fails: [postNotFound, notYourPost, stale],
    }),
    delete: command({
      route: 'DELETE /api/v1/posts/:id',
      access: 'posts:write',
      summary: 'Deletes an own post.',
      input: PostKey,
      output: Nothing,
      fails: [postNotFound, notYourPost],
    }),
    listEdits: query({
      route: 'GET /api/v1/posts/:id/edits',
      access: 'public',
      summary: 'The earlier texts of a post, newest first.',
      input: Closed({ id: Id.post, ...PageInput }),
      output: Page(Edit),
      fails: [postNotFound],
    }),
    listByAuthor: query({
      route: 'GET /api/v1/users/:id/posts',
      access: 'public',
      summary: "A person's posts, newest first.",
      input: Closed({
        id: Id.user,
        replies: Type.Optional(Type.Boolean({ description: 'Comments too' })),
        ...PageInput,
      }),
      output: Page(Post),
      fails: [userNotFound],
    }),

    byIds: query({
      access: 'internal',
      input: Ids,
      output: Type.Array(PostFacts),
      summary: 'Facts of the posts there are, in any order, whoever asks.',
    }),
    pageByAuthors: query({
      access: 'internal',
      input: Closed({ authors: Type.Array(Id.user, { maxItems: 1000 }), ...span }),
      output: Ids,
      summary: 'Posts of any of these people, of every visibility.',
    }),
    pagePublic: query({
      access: 'internal',
      input: Closed({ without, ...span }),
      output: Ids,
      summary: 'Public posts.',
    }),
    pageByTag: query({
      access: 'internal',
      input: Closed({ tag: Type.String(), without, ...span }),
      output: Ids,
      summary: 'Public posts with a tag (as `normalTag` writes it).',
    }),
    authorVersions: query({
      access: 'internal',
      input: Closed({ ids: Type.Array(Id.user, { maxItems: 1000 }) }),
      output: Type.Array(Closed({ id: Id.user, version: Type.Integer() })),
      summary:
        'How many events each person has in the log of posts; who has none is left out. Who has read a version has seen every own write up to it.',
    }),
  },
  {
    posted: event(Closed({ postId: Id.post, authorId: Id.user, visibility: Visibility })),
    edited: event(Closed({ postId: Id.post, authorId: Id.user })),
    deleted: event(Closed({ postId: Id.post, authorId: Id.user })),
  },
)

export type Post = Static<typeof Post>
export type PostFacts = Static<typeof PostFacts>
export type Author = Static<typeof Author>
export type Edit = Static<typeof Edit>
