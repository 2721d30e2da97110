import {
  Closed,
  command,
  contract,
  errorCode,
  event,
  Id,
  NoInput,
  Nothing,
  Nullable,
  query,
  type Static,
  Timestamp,
  Type,
} from '@plaza/kernel/contract'
import { roles } from '@plaza/kernel/security'

export { type SuspendedPeople, suspendedPeople } from './suspended-people.ts'

export const emailTaken = errorCode('email-taken', 'conflict', 'Somebody has registered this e-mail address')
export const usernameTaken = errorCode('username-taken', 'conflict', 'Somebody has this username')
export const weakPassword = errorCode('weak-password', 'invalid', 'This password is too easy to guess')
export const passwordTooLong = errorCode(
  'password-too-long',
  'invalid',
  'A password is at most 72 bytes of UTF-8',
)
export const invalidCredentials = errorCode(
  'invalid-credentials',
  'unauthenticated',
  'No account has this log-in and password',
)
export const tooManyAttempts = errorCode('too-many-attempts', 'too-many', 'Too many failed log-ins')
export const accountSuspended = errorCode('account-suspended', 'forbidden', 'This account is suspended')
export const invalidRefreshToken = errorCode(
  'invalid-refresh-token',
  'unauthenticated',
  'This refresh token is not valid any more: log in',
)
export const sellingClosed = errorCode('selling-closed', 'forbidden', 'Selling is not open to everybody here')
export const userNotFound = errorCode('user-not-found', 'not-found', 'There is no such person')
export const noFirstAdmin = errorCode('no-first-admin', 'rule', 'There is no admin, and none can be made')
export const lastAdmin = errorCode('last-admin', 'rule', 'There must be an admin')
export const onlyAdmin = errorCode('only-admin', 'conflict', 'The only admin cannot leave')
export const mayNotSuspend = errorCode(
  'may-not-suspend',
  'forbidden',
  'Moderators suspend neither admins nor moderators',
)

const Role = Type.Unsafe<(typeof roles)[number]>({ type: 'string', enum: roles })
const Roles = Type.Array(Role, { uniqueItems: true, maxItems: roles.length })

// No control characters (PostgreSQL refuses NUL) and no lone surrogates.
const unwritable = '\\p{Cc}\\p{Cs}'
const domainPart = `[^\\s@.${unwritable}]+`
const Email = Type.String({
  maxLength: 254,
  pattern: `^[^\\s@${unwritable}]{1,64}@${domainPart}(\\.${domainPart})+$`,
  description: 'Unique whatever its case',
  says: 'an e-mail address',
  examples: ['ana@example.com'],
})
/** Kept in lower case; other cases of it are the same name. */
const Username = Type.String({
  pattern: '^[A-Za-z0-9_]{3,30}$',
  description: 'Kept in lower case',
  says: '3 to 30 letters from a to z, digits or underscores',
})
// Nothing that turns the direction of what follows; `(?=…)` asks for one visible character.
const visible = '\\p{L}\\p{N}\\p{P}\\p{S}'
export const DisplayName = Type.String({
  minLength: 1,
  maxLength: 50,
  pattern: `^(?=[^${visible}]*[${visible}])[^${unwritable}\\u202a-\\u202e\\u2066-\\u2069]*$`,
  says: '1 to 50 characters on one line, one of them visible',
})
/** Longer than any allowed one, so that the refusal can say why. */
const Password = Type.String({ minLength: 8, maxLength: 1024, description: '8 characters to 72 bytes' })

/** An account as its owner and other services see it; a profile adds what `users` knows. */
const Account = Closed({
  id: Id.user,
  username: Type.String(),
  displayName: Type.String({ description: 'As given at registration; from then on the profile says' }),
  email: Type.String(),
  emailVerified: Type.Boolean(),
  roles: Roles,
  createdAt: Timestamp,
})
export type Account = Static<typeof Account>

/** The own profile as `GET /users/me` gives it. What is optional is left out when `users` cannot be asked. */
export const SignedInUser = Closed(
  {
    id: Id.user,
    username: Type.String(),
    displayName: Type.Optional(Type.String()),
    bio: Type.Optional(Type.String()),
    avatarUrl: Type.Optional(Nullable(Type.String())),
    followerCount: Type.Optional(Type.Integer()),
    followingCount: Type.Optional(Type.Integer()),
    postCount: Type.Optional(Type.Integer()),
    version: Type.Optional(Type.Integer()),
    createdAt: Timestamp,
    email: Type.String(),
    emailVerified: Type.Boolean(),
    roles: Roles,
  },
  'SignedInUser',
)

const tokens = {
  accessToken: Type.String({ description: 'Authorization: Bearer …' }),
  refreshToken: Type.String({ description: 'Good for one refresh' }),
  expiresIn: Type.Integer({ description: 'Seconds the access token is valid' }),
} as const
const Tokens = Closed(tokens)
export const SignedIn = Closed({ user: SignedInUser, ...tokens }, 'SignedIn')
export type SignedIn = Static<typeof SignedIn>
export type Tokens = Static<typeof Tokens>
/** An account and the tokens of a new session of it. */
export type LoggedIn = { account: Account } & Tokens

/**
 * What gateways must know of a person beyond the tokens. `revision` counts the changes of roles and suspension and is in each token:
 * a token of an older revision has these roles instead of its own, and is worth nothing if older than `endedBefore`.
 */
const Standing = Closed({
  id: Id.user,
  revision: Type.Integer(),
  roles: Roles,
  suspended: Type.Boolean(),
  endedBefore: Type.Integer(),
})
export type Standing = Static<typeof Standing>

const UserKey = Closed({ id: Id.user })
/** Whom, and who wants it. */
const Suspending = Closed({ id: Id.user, by: Id.user })
const UserKeys = Closed({ ids: Type.Array(Id.user, { maxItems: 1000 }) })

const PublicKey = Closed({
  kty: Type.String(),
  crv: Type.String(),
  x: Type.String(),
  y: Type.Optional(Type.String()),
  kid: Type.String(),
  alg: Type.String(),
  use: Type.String(),
})

const changed = { userId: Id.user, revision: Type.Integer() } as const
/** Who did it; events from before this was told lack it. */
const by = Type.Optional(Id.user)

/** Accounts, sessions, tokens, roles and suspension. */
export const auth = contract(
  'auth',
  {
    register: command({
      route: 'POST /api/v1/auth/register',
      access: 'public',
      summary: 'Make an account and log in',
      status: 201,
      sealed: true,
      input: Closed({
        email: Email,
        username: Username,
        password: Password,
        displayName: Type.Optional(DisplayName),
      }),
      output: SignedIn,
      fails: [emailTaken, usernameTaken, weakPassword, passwordTooLong],
    }),
    /** Whom the password proves, and tokens for them: the gateway adds the profile, which is not auth's to know. */
    login: command({
      access: 'internal',
      repeat: 'with-key',
      sealed: true,
      input: Closed({
        login: Type.String({ maxLength: 254, pattern: `^[^${unwritable}]+$` }),
        password: Type.String({ minLength: 1, maxLength: 1024 }),
      }),
      output: Closed({ account: Account, ...tokens }),
      fails: [invalidCredentials, accountSuspended, tooManyAttempts],
    }),
    refresh: command({
      route: 'POST /api/v1/auth/refresh',
      access: 'public',
      summary: 'Change the refresh token for new tokens; an old one used again ends the session',
      sealed: true,
      input: Closed({ refreshToken: Type.String({ minLength: 1, maxLength: 256 }) }),
      output: Tokens,
      fails: [invalidRefreshToken, accountSuspended],
    }),
    logout: command({
      route: 'POST /api/v1/auth/logout',
      access: 'user',
      summary: 'End this session',
      repeat: 'safe',
      input: NoInput,
      output: Nothing,
    }),
    becomeSeller: command({
      route: 'POST /api/v1/users/me/seller',
      access: 'user',
      summary: 'Become a seller, where selling is open; holds at once for the token in hand',
      repeat: 'safe',
      input: NoInput,
      output: Closed({ roles: Roles }),
      fails: [sellingClosed],
    }),
    setRoles: command({
      route: 'PUT /api/v1/users/:id/roles',
      access: 'users:manage',
      summary: 'Say which roles a person has',
      input: Closed({ id: Id.user, roles: Roles }),
      output: Closed({ roles: Roles }),
      fails: [userNotFound, lastAdmin],
    }),
    suspend: command({
      route: 'PUT /api/v1/users/:id/suspension',
      access: 'users:manage',
      summary: 'Suspend a person: ends all their sessions and refuses new ones',
      input: UserKey,
      output: Nothing,
      fails: [userNotFound, lastAdmin],
    }),
    unsuspend: command({
      route: 'DELETE /api/v1/users/:id/suspension',
      access: 'users:manage',
      summary: 'Let a suspended person log in again',
      input: UserKey,
      output: Nothing,
      fails: [userNotFound],
    }),
    keys: query({
      route: 'GET /.well-known/jwks.json',
      access: 'public',
      summary: 'The public keys of access tokens (RFC 7517): previous, current and next',
      input: NoInput,
      output: Closed({ keys: Type.Array(PublicKey) }),
    }),
    /** Accounts by id, in no order; ids of nobody are left out. */
    accounts: query({ access: 'internal', input: UserKeys, output: Type.Array(Account) }),
    /** Accounts by username, in any case: `users` asks for people whose profile it has not made yet. Names of nobody are left out. */
    accountsByUsername: query({
      access: 'internal',
      input: Closed({ usernames: Type.Array(Type.String({ maxLength: 64 }), { maxItems: 1000 }) }),
      output: Type.Array(Account),
    }),
    /** What people may do now: gateways ask before they refuse on the word of a token. */
    standings: query({ access: 'internal', input: UserKeys, output: Type.Array(Standing) }),
    /** Everybody who is suspended, in the order of their ids; `next` is the `after` of the next part. Read it through `suspendedPeople`. */
    suspendedIds: query({
      access: 'internal',
      input: Closed({ after: Type.Optional(Id.user) }),
      output: Closed({ ids: Type.Array(Id.user), next: Nullable(Id.user) }),
    }),
    /** Whether `suspendFor` would be let: asked before a moderator's decision is taken. */
    assertMaySuspend: query({
      access: 'internal',
      input: Suspending,
      output: Nothing,
      fails: [userNotFound, mayNotSuspend, lastAdmin],
    }),
    /** Suspends for a moderator, whose roles decide whom: as they are now. With a key it has its effect once, however late it comes again. */
    suspendFor: command({
      access: 'internal',
      repeat: 'with-key',
      input: Suspending,
      output: Nothing,
      fails: [userNotFound, mayNotSuspend, lastAdmin],
    }),
    /** Whose account is older than a minute and not being erased, in the order of their ids; for `plaza verify`. */
    accountIds: query({
      access: 'internal',
      input: Closed({ after: Type.Optional(Id.user) }),
      output: Closed({ ids: Type.Array(Id.user), next: Nullable(Id.user) }),
    }),
    /** What was revoked while tokens of then are still alive; `until` is when the last of them expires. Loaded before a gateway is ready. */
    revocations: query({
      access: 'internal',
      input: NoInput,
      output: Closed({
        sessions: Type.Array(Closed({ id: Id.session, until: Timestamp })),
        people: Type.Array(Closed({ ...Standing.properties, until: Timestamp })),
        /** Of these people nothing is accepted but, for reading the job, tokens of the session that asked to be erased. */
        erasures: Type.Array(Closed({ userId: Id.user, sessionId: Id.session, until: Timestamp })),
      }),
    }),
    /** Makes ready for erasure: log-in and sessions end. Twice is once, and gives the session that asked first. Only `privacy` asks. */
    lockForErasure: command({
      access: 'internal',
      repeat: 'safe',
      input: Closed({ id: Id.user, sessionId: Id.session }),
      output: Closed({ sessionId: Id.session }),
      fails: [userNotFound, onlyAdmin],
    }),
    /** Makes the first admin when there is none. `password` is there when it was made up now: show it once, log it never. */
    ensureFirstAdmin: command({
      access: 'internal',
      input: NoInput,
      output: Closed({ made: Type.Boolean(), email: Type.String(), password: Nullable(Type.String()) }),
      fails: [noFirstAdmin],
    }),
  },
  {
    // The stream of each is the person.
    registered: event(Closed({ userId: Id.user })),
    sessionEnded: event(Closed({ sessionId: Id.session, userId: Id.user })),
    /** All sessions that began before this revision. */
    sessionsEnded: event(Closed(changed)),
    rolesChanged: event(Closed({ ...changed, roles: Roles, by })),
    /** Always together with `sessionsEnded`. */
    suspended: event(Closed({ ...changed, by })),
    unsuspended: event(Closed({ ...changed, by })),
    /** The account is being erased: as if suspended, and for good. Always together with `sessionsEnded`. */
    erasing: event(Closed({ userId: Id.user, sessionId: Id.session })),
    /** Nothing of the account is left; its names are anybody's. */
    erased: event(Closed({ userId: Id.user })),
    /** Plaza made it itself, when it was started without one. */
    firstAdminMade: event(Closed({ userId: Id.user })),
  },
)
