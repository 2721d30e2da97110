import { DisplayName, userNotFound } from '@plaza/auth/contract'
import {
  Closed,
  command,
  contract,
  type ErrorCode,
  errorCode,
  event,
  Id,
  NoInput,
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
import { roles } from '@plaza/kernel/security'

export { userNotFound }

export const notYourself = errorCode('not-yourself', 'rule', 'You cannot follow, block or mute yourself')
export const blockedByYou = errorCode('blocked-by-you', 'conflict', 'You blocked this person: unblock first')
export const tooManyRelations = errorCode(
  'too-many-relations',
  'conflict',
  'You follow, block or mute as many people as one can',
)

/** How many people one may follow, and how many block and mute each: what is read whole (`relations`) is bounded. */
export const maxRelations = 10_000

// No control characters but line ends and tabs (PostgreSQL refuses NUL), lone surrogates or direction overrides.
const unwanted = '\\p{Cs}\\u202a-\\u202e\\u2066-\\u2069'
export const Bio = Type.String({
  maxLength: 500,
  pattern: `^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f${unwanted}]*$`,
  says: 'text of at most 500 characters without control characters',
})
const Username = Type.String({
  minLength: 1,
  maxLength: 64,
  pattern: '^[^\\p{Cc}\\p{Cs}]+$',
  says: 'a username',
})
const Count = Type.Integer({ minimum: 0 })

const profile = {
  id: Id.user,
  username: Type.String(),
  displayName: Type.String(),
  bio: Type.String(),
  avatarUrl: Nullable(Type.String()),
  followerCount: Count,
  followingCount: Count,
  postCount: Count,
  createdAt: Timestamp,
  version: Type.Integer({ description: 'Raised by each edit of the profile; `If-Match` compares it' }),
}

/** A person as others see them. `following` and `followedBy` say how the one who asks stands to them; only when logged in. */
export const Profile = Closed(
  {
    ...profile,
    following: Type.Optional(Type.Boolean({ description: 'You follow this person' })),
    followedBy: Type.Optional(Type.Boolean({ description: 'This person follows you' })),
  },
  'Profile',
)
export type Profile = Static<typeof Profile>

/** One's own profile. */
export const OwnProfile = Closed(
  {
    ...profile,
    email: Type.String(),
    emailVerified: Type.Boolean(),
    roles: Type.Array(Type.Enum([...roles], { type: 'string' })),
  },
  'OwnProfile',
)
export type OwnProfile = Static<typeof OwnProfile>

/** What stands beside a post: its author. `version` is the profile's: of two cards the higher is the newer. */
export const Card = Closed({
  id: Id.user,
  username: Type.String(),
  displayName: Type.String(),
  avatarUrl: Nullable(Type.String()),
  version: Type.Integer(),
})
export type Card = Static<typeof Card>

/** What people are found by, whoever asks. */
export const PersonFacts = Closed({
  id: Id.user,
  username: Type.String(),
  displayName: Type.String(),
  bio: Type.String(),
  followerCount: Count,
  version: Type.Integer(),
})
export type PersonFacts = Static<typeof PersonFacts>

/** Everything that decides what one person may and wants to see, as it was at one moment. */
export const Relations = Closed({
  /** As `relationVersions` tells it: these lists hold until that one is higher. */
  version: Type.Integer(),
  following: Type.Array(Id.user),
  /** Whom they blocked and who blocked them. */
  blocked: Type.Array(Id.user),
  muted: Type.Array(Id.user),
  /** The person themselves. */
  suspended: Type.Boolean(),
})
export type Relations = Static<typeof Relations>

/** How the viewer stands to one other person. */
export const Relation = Closed({
  id: Id.user,
  following: Type.Boolean(),
  followedBy: Type.Boolean(),
  blocking: Type.Boolean(),
  blockedBy: Type.Boolean(),
  muting: Type.Boolean(),
})
export type Relation = Static<typeof Relation>

const UserKey = Closed({ id: Id.user })
const UserKeys = Closed({ ids: Type.Array(Id.user, { maxItems: 1_000 }) })
const People = Page(Profile)

const relate = (verb: string, what: string, ...fails: ErrorCode[]) =>
  command({
    route: `PUT /api/v1/users/:id/${verb}`,
    access: 'relations:write',
    input: UserKey,
    output: Nothing,
    fails: [userNotFound, notYourself, tooManyRelations, ...fails],
    summary: what,
  })
const unrelate = (verb: string, what: string) =>
  command({
    route: `DELETE /api/v1/users/:id/${verb}`,
    access: 'relations:write',
    input: UserKey,
    output: Nothing,
    fails: [userNotFound, notYourself],
    summary: what,
  })

export const users = contract(
  'users',
  {
    me: query({
      route: 'GET /api/v1/users/me',
      access: 'user',
      input: NoInput,
      output: OwnProfile,
      fails: [userNotFound],
      summary: 'Your own profile',
    }),
    editMe: command({
      route: 'PATCH /api/v1/users/me',
      access: 'profile:write',
      input: Closed({
        displayName: Type.Optional(DisplayName),
        bio: Type.Optional(Bio),
        ifVersion: Type.Optional(Type.Integer()),
      }),
      output: OwnProfile,
      fails: [userNotFound, stale],
      summary: 'Edit your own profile',
    }),
    get: query({
      route: 'GET /api/v1/users/:id',
      access: 'public',
      input: UserKey,
      output: Profile,
      fails: [userNotFound],
      summary: 'A person; not found for those whom they blocked',
    }),
    find: query({
      route: 'GET /api/v1/users',
      access: 'public',
      input: Closed({ username: Username, ...PageInput }),
      output: People,
      summary: 'The person with this username, in any case: a list of none or one',
    }),
    follow: relate('follow', 'Follow a person', blockedByYou),
    unfollow: unrelate('follow', 'Follow a person no more'),
    block: relate('block', 'Block a person: neither follows the other any more, and they do not see you'),
    unblock: unrelate('block', 'Block a person no more'),
    mute: relate('mute', 'Mute a person: you do not see what they write'),
    unmute: unrelate('mute', 'Mute a person no more'),
    followers: query({
      route: 'GET /api/v1/users/:id/followers',
      access: 'public',
      input: Closed({ id: Id.user, ...PageInput }),
      output: People,
      fails: [userNotFound],
      summary: 'Who follows a person, newest first',
    }),
    following: query({
      route: 'GET /api/v1/users/:id/following',
      access: 'public',
      input: Closed({ id: Id.user, ...PageInput }),
      output: People,
      fails: [userNotFound],
      summary: 'Whom a person follows, newest first',
    }),

    /** Those of the ids that are people, in no order. */
    cards: query({ access: 'internal', input: UserKeys, output: Type.Array(Card) }),
    /** Facts of those of the ids that have a profile, in no order; none is made for it. */
    byIds: query({ access: 'internal', input: UserKeys, output: Type.Array(PersonFacts) }),
    /** Everybody who has a profile, by id: for read models that begin anew. */
    pageAll: query({
      access: 'internal',
      input: Closed({ after: Type.Optional(Id.user), limit: Type.Integer({ minimum: 1, maximum: 1_000 }) }),
      output: Type.Array(PersonFacts),
    }),
    /** The profiles as the one who asks sees them, in the order of the ids; who is not for their eyes is left out. */
    seenProfiles: query({ access: 'internal', input: UserKeys, output: Type.Array(Profile) }),
    /** Those of the usernames, in any case, that are people's. `username` is as it was asked. */
    idsByUsername: query({
      access: 'internal',
      input: Closed({ usernames: Type.Array(Username, { maxItems: 1_000 }) }),
      output: Type.Array(Closed({ username: Type.String(), id: Id.user })),
    }),
    /** How new each person's relations are: one key read for all who ask in a moment. Ids without any relation are left out: 0. */
    relationVersions: query({
      access: 'internal',
      input: UserKeys,
      output: Type.Array(Closed({ id: Id.user, version: Type.Integer() })),
    }),
    /** One snapshot of a person's relations: the version and the lists belong together. */
    relations: query({ access: 'internal', input: UserKey, output: Relations }),
    /** How the viewer stands to each of the others, exactly as it is now. One entry for each of `others`. */
    relationsBetween: query({
      access: 'internal',
      input: Closed({ viewer: Id.user, others: Type.Array(Id.user, { maxItems: 1_000 }) }),
      output: Type.Array(Relation),
    }),
  },
  {
    // The stream is the acting person, but of `unfollowed` always the follower: order holds between it and `followed`.
    /** A profile is new, or its text differs. */
    profileChanged: event(Closed({ userId: Id.user })),
    followed: event(Closed({ followerId: Id.user, followeeId: Id.user })),
    /** By the follower, or by a block in either direction. */
    unfollowed: event(Closed({ followerId: Id.user, followeeId: Id.user })),
    blocked: event(Closed({ blockerId: Id.user, blockedId: Id.user })),
    unblocked: event(Closed({ blockerId: Id.user, blockedId: Id.user })),
    muted: event(Closed({ muterId: Id.user, mutedId: Id.user })),
    unmuted: event(Closed({ muterId: Id.user, mutedId: Id.user })),
  },
)
