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
  type PostId,
  query,
  type Static,
  stale,
  Timestamp,
  Type,
} from '@plaza/kernel/contract'
import { userNotFound } from '@plaza/users/contract'
import { Author, Count, Post, PostFacts, Text, Visibility } from './post-schemas.ts'

export { Author, Post, PostFacts } from './post-schemas.ts'
export {
  type KnownPost,
  knownPost,
  type Reaction,
  type RepostOf,
  repostViewOf,
  setCounts,
  viewOf,
} from './post-view.ts'
export { ReactionCache, type ReactionTo, rememberedReactions } from './reaction-cache.ts'

export const postNotFound = errorCode('post-not-found', 'not-found', 'There is no such post')
export const notForAll = errorCode('not-for-all', 'rule', 'Only public posts can be reposted')
export const notYourPost = errorCode('not-your-post', 'forbidden', 'Only its author may change a post')

/** Counts of one post as they are after all events up to now. */
const Counts = Closed({ postId: Id.post, likes: Count, replies: Count, reposts: Count })

/**
 * What stands in a home timeline: a post's id, or a repost as `post_<its own 26 letters>~<post id>~<id of who reposted>`. The order is that of the
 * first 31 letters, which are a UUIDv7 either way.
 */
const Entry = Type.Unsafe<PostId>({
  type: 'string',
  pattern: '^post_[0-7][0-9a-z]{25}(~post_[0-9a-z]{26}~user_[0-9a-z]{26})?$',
})

/** Each list is complete for posts whose id is not below its floor; '' when it is all. */
export const Reactions = Closed({
  /** Of the person's log, as `authorVersions` tells it: the lists hold until that one is higher. */
  version: Type.Integer(),
  liked: Type.Array(Id.post),
  likedFloor: Type.String(),
  reposted: Type.Array(Id.post),
  repostedFloor: Type.String(),
})
export type Reactions = Static<typeof Reactions>

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

/** Who did it, to which post, and who wrote that. */
const reaction = { postId: Id.post, authorId: Id.user, userId: Id.user } as const

export const posts = contract(
  'posts',
  {
    create: command({
      route: 'POST /api/v1/posts',
      access: 'posts:write',
      summary: 'Writes a post.',
      input: Closed({
        text: Text,
        replyTo: Type.Optional(Id.post),
        visibility: Type.Optional(Visibility),
      }),
      output: Post,
      status: 201,
      fails: [postNotFound],
    }),
    comment: command({
      route: 'POST /api/v1/posts/:id/comments',
      access: 'posts:write',
      summary: 'Answers a post. Left out, the visibility is that of what is answered.',
      input: Closed({ id: Id.post, text: Text, visibility: Type.Optional(Visibility) }),
      output: Post,
      status: 201,
      fails: [postNotFound],
    }),
    listComments: query({
      route: 'GET /api/v1/posts/:id/comments',
      access: 'public',
      summary: 'Direct answers, oldest first.',
      input: Closed({ id: Id.post, ...PageInput }),
      output: Page(Post),
      fails: [postNotFound],
    }),
    thread: query({
      route: 'GET /api/v1/posts/:id/thread',
      access: 'public',
      summary: 'What a post answers, the post, and all answers below it, at any depth, oldest first.',
      input: Closed({
        id: Id.post,
        limit: Type.Optional(
          Type.Integer({ minimum: 1, maximum: 100, description: 'How many descendants (default 100)' }),
        ),
        cursor: PageInput.cursor,
      }),
      output: Closed(
        {
          ancestors: Type.Array(Post, {
            description: 'From the first post down; of a longer way the nearest 100',
          }),
          post: Post,
          descendants: Type.Array(Post, { description: 'Each after what it answers' }),
          nextCursor: Nullable(Type.String({ description: 'The `cursor` of further descendants' })),
          prevCursor: Nullable(Type.String({ description: 'The `cursor` of those before' })),
        },
        'Thread',
      ),
      fails: [postNotFound],
    }),
    like: command({
      route: 'PUT /api/v1/posts/:id/like',
      access: 'posts:write',
      summary: 'Likes a post; twice is the same as once.',
      input: PostKey,
      output: Nothing,
      fails: [postNotFound],
    }),
    unlike: command({
      route: 'DELETE /api/v1/posts/:id/like',
      access: 'posts:write',
      summary: 'Likes a post no more.',
      input: PostKey,
      output: Nothing,
      fails: [postNotFound],
    }),
    repost: command({
      route: 'PUT /api/v1/posts/:id/repost',
      access: 'posts:write',
      summary: 'Shows a public post to those who follow you; twice is the same as once.',
      input: PostKey,
      output: Nothing,
      fails: [postNotFound, notForAll],
    }),
    unrepost: command({
      route: 'DELETE /api/v1/posts/:id/repost',
      access: 'posts:write',
      summary: 'Takes a repost back.',
      input: PostKey,
      output: Nothing,
      fails: [postNotFound],
    }),
    listLikes: query({
      route: 'GET /api/v1/posts/:id/likes',
      access: 'public',
      summary: 'Who likes a post, the newest first.',
      input: Closed({ id: Id.post, ...PageInput }),
      output: Page(Author),
      fails: [postNotFound],
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
      input: Closed({
        ids,
        hidden: Type.Optional(Type.Boolean({ description: 'Those that moderation hid too' })),
      }),
      output: Type.Array(PostFacts),
      summary: 'Facts of the posts there are, in any order, whoever asks.',
    }),
    seenByIds: query({
      access: 'internal',
      input: Closed({ ids }),
      output: Type.Array(Post),
      summary:
        'The posts as the one who asks sees them, in the order of the ids; what is not for their eyes is left out.',
    }),
    pageByAuthors: query({
      access: 'internal',
      input: Closed({ authors: Type.Array(Id.user, { maxItems: 1000 }), ...span }),
      output: Ids,
      summary: 'Posts of any of these people, of every visibility.',
    }),
    pageEntries: query({
      access: 'internal',
      input: Closed({ authors: Type.Array(Id.user, { maxItems: 1000 }), ...span }),
      output: Closed({ entries: Type.Array(Entry) }),
      summary: 'What these people posted and reposted, without answers: what a home timeline is made of.',
    }),
    pageAll: query({
      access: 'internal',
      input: Closed({ after: Type.Optional(Id.post), limit: Type.Integer({ minimum: 1, maximum: 1000 }) }),
      output: Type.Array(PostFacts),
      summary: 'All posts and answers that nobody hid, the oldest first: for read models that begin anew.',
    }),
    reactions: query({
      access: 'internal',
      input: Closed({ id: Id.user, limit: Type.Integer({ minimum: 1, maximum: 1000 }) }),
      output: Reactions,
      summary: 'What a person liked and reposted among the newest posts, of one snapshot.',
    }),
    hide: command({
      access: 'internal',
      repeat: 'safe',
      input: PostKey,
      output: Nothing,
      fails: [postNotFound],
      summary: 'Takes a post away from everybody; hiding it twice is hiding it once.',
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
    reactionsTo: query({
      access: 'internal',
      input: Closed({ id: Id.user, ids }),
      output: Closed({ liked: Type.Array(Id.post), reposted: Type.Array(Id.post) }),
      summary: 'Which of these posts a person liked and reposted: for posts older than `reactions` tells of.',
    }),
    countByAuthors: query({
      access: 'internal',
      input: Closed({ ids: Type.Array(Id.user, { maxItems: 1000 }) }),
      output: Type.Array(Closed({ id: Id.user, count: Count })),
      summary: 'How many posts, without comments, each of these people has in their list; 0 is left out.',
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
    // The stream of each is the person who acts, so its version counts what they did; of `counted` it is the service itself.
    posted: event(
      Closed({
        postId: Id.post,
        authorId: Id.user,
        visibility: Visibility,
        replyTo: Type.Optional(Id.post),
        /** Who wrote what it answers. */
        answeredId: Type.Optional(Id.user),
      }),
    ),
    edited: event(Closed({ postId: Id.post, authorId: Id.user })),
    /** By its author, or with their account. */
    deleted: event(Closed({ postId: Id.post, authorId: Id.user, replyTo: Type.Optional(Id.post) })),
    /** By moderation: gone from every list, as if deleted. The stream is the author. */
    hidden: event(Closed({ postId: Id.post, authorId: Id.user, replyTo: Type.Optional(Id.post) })),
    liked: event(Closed(reaction)),
    unliked: event(Closed(reaction)),
    /** `repostId` is the UUIDv7 of its place in timelines. */
    reposted: event(Closed({ ...reaction, repostId: Id.post })),
    unreposted: event(Closed({ ...reaction, repostId: Id.post })),
    /** Counts that changed, as they are now: never what was added, so hearing it twice does no harm. */
    counted: event(Closed({ counts: Type.Array(Counts) })),
  },
)

export type Counts = Static<typeof Counts>
export type Edit = Static<typeof Edit>
