import type { Context } from '@plaza/kernel/call'
import type { InputOf } from '@plaza/kernel/contract'
import {
  type Db,
  keyRow,
  newUuid,
  randomShard,
  replay,
  shardOf,
  sql,
  storedAnswers,
  toId,
  violatedConstraint,
} from '@plaza/kernel/data'
import type { Handler, Kit } from '@plaza/kernel/service'
import { lookupKey } from './account-store.ts'
import {
  type auth,
  emailTaken,
  passwordTooLong,
  type SignedIn,
  usernameTaken,
  weakPassword,
} from './contract.ts'
import type { PasswordHasher } from './password-hasher.ts'
import { type ChosenPassword, findPasswordFault } from './password-policy.ts'
import { hashOf } from './refresh-token.ts'
import { sessionLimits } from './session-store.ts'
import type { TokenMaker } from './tokens.ts'

type Registration = InputOf<typeof auth.operations.register>

/** Names that would let somebody pass for those who run the place. */
const reservedNames = new Set(
  'admin administrator everyone me moderator official plaza root security staff support system'.split(' '),
)

/** Account, session, event and the stored answer are one statement: all of it happened, or nothing. */
export function register(
  kit: Kit,
  hasher: PasswordHasher,
  tokens: TokenMaker,
): Handler<Registration, SignedIn> {
  return async (input, context) => {
    const username = lookupKey(input.username)
    await assertPassword({ ...input, username })
    if (reservedNames.has(username)) throw nameTaken(username)
    const passwordHash = await hasher.hash(input.password, context)
    const id = newUuid(randomShard())
    const user = newUser(input, id, username)
    const token = tokens.refreshTokens.first(newUuid(shardOf(user.id)))
    const answer = { user, ...(await tokens.make({ accountId: id, roles: user.roles, revision: 1 }, token)) }
    const row = {
      id,
      event: newUuid(shardOf(user.id)),
      userId: user.id,
      email: user.email,
      emailKey: lookupKey(user.email),
      username,
      displayName: user.displayName!,
      passwordHash,
      roles: user.roles,
      createdAt: new Date(user.createdAt),
      sessionId: token.sessionId,
      tokenHash: hashOf(token),
      idleDays: sessionLimits.idleDays,
    }
    return insertOnce(kit.db, context, row, answer)
  }
}

async function assertPassword(chosen: ChosenPassword): Promise<void> {
  const fault = await findPasswordFault(chosen)
  if (fault === undefined) return
  const refuse = fault.kind === 'weak' ? weakPassword : passwordTooLong
  throw refuse(fault.detail, { errors: [{ pointer: '/password', detail: fault.detail }] })
}

/** The profile of somebody new is known without asking `users`: it is empty. */
function newUser(input: Registration, id: string, username: string) {
  return {
    id: toId('user', id),
    username,
    displayName: input.displayName ?? username,
    bio: '',
    avatarUrl: null,
    followerCount: 0,
    followingCount: 0,
    postCount: 0,
    version: 1,
    createdAt: new Date().toISOString(),
    email: input.email,
    emailVerified: false,
    roles: ['user' as const],
  } satisfies SignedIn['user']
}

async function insertOnce(
  db: Db,
  context: Context,
  row: Omit<Parameters<typeof insert.maybe>[1], 'keyId' | 'requestHash' | 'answer'>,
  answer: SignedIn,
): Promise<SignedIn> {
  const key = keyRow(db, context, answer, true)
  const keyParams = {
    keyId: key?.id ?? null,
    requestHash: key?.requestHash ?? null,
    answer: key?.answer ?? null,
  }
  const inserted = await insert.maybe(db, { ...row, ...keyParams }).catch(error => rethrowTaken(error, row))
  if (inserted !== undefined) {
    db.committed()
    return answer
  }
  const stored = (await storedAnswers(db, [key!.id])).get(key!.id)
  if (stored === undefined) throw new Error('An idempotency key was taken and has no answer')
  return replay(db, context, stored)
}

function rethrowTaken(error: unknown, { username, email }: { username: string; email: string }): never {
  const constraint = violatedConstraint(error)
  if (constraint === 'accounts_username_taken') throw nameTaken(username)
  if (constraint === 'accounts_email_taken') {
    const detail = `${email} is registered already: log in, or take another address.`
    throw emailTaken(detail, { errors: [{ pointer: '/email', detail }] })
  }
  throw error
}

function nameTaken(username: string) {
  const detail = `${username} is taken: choose another username.`
  return usernameTaken(detail, { errors: [{ pointer: '/username', detail }] })
}

const insert = sql({
  name: 'auth.register',
  params: {
    keyId: 'uuid?',
    requestHash: 'bytea?',
    answer: 'bytea?',
    id: 'uuid',
    email: 'text',
    emailKey: 'text',
    username: 'text',
    displayName: 'text',
    passwordHash: 'text',
    roles: 'text[]',
    createdAt: 'timestamptz',
    sessionId: 'uuid',
    tokenHash: 'bytea',
    idleDays: 'int4',
    event: 'uuid',
    userId: 'text',
  },
  row: { event: 'uuid' },
})`
  with key as (
    insert into idempotency_keys (id, request_hash, answer)
    select ${'keyId'}, ${'requestHash'}, ${'answer'}
    where ${'keyId'} is not null
    on conflict (id) do nothing
    returning id
  ), account as (
    insert into accounts (id, email, email_key, username, display_name, password_hash, roles, created_at)
    select ${'id'}, ${'email'}, ${'emailKey'}, ${'username'}, ${'displayName'}, ${'passwordHash'}, ${'roles'}, ${'createdAt'}
    where ${'keyId'} is null or exists (select from key)
    returning ${'userId'} as stream
  ), session as (
    insert into sessions (id, account_id, token_hash, expires_at)
    select ${'sessionId'}, ${'id'}, ${'tokenHash'}, now() + make_interval(days => ${'idleDays'})
    from account
  )
  select appended.id as event
  from account, lateral append_events(
    array[${'event'}],
    array[stream],
    array['registered'],
    array[jsonb_build_object('userId', stream)]
  ) appended`
