import type { Context } from '@plaza/kernel/call'
import { newUuid, once, shardOf, toId } from '@plaza/kernel/data'
import { appendEvents, newEvent } from '@plaza/kernel/events'
import type { Handler, Kit } from '@plaza/kernel/service'
import { lookupKey, renewPasswordHash, toRoles } from './account-store.ts'
import {
  type Account,
  accountSuspended,
  auth,
  invalidCredentials,
  type LoggedIn,
  tooManyAttempts,
} from './contract.ts'
import {
  type AccountToLogIn,
  type Attempt,
  attempts,
  countFailure,
  findAccountToLogIn,
} from './log-in-throttle.ts'
import { longestPassword, normalized, type PasswordHasher } from './password-hasher.ts'
import { hashOf } from './refresh-token.ts'
import { sessionLimits, startSession } from './session-store.ts'
import type { TokenMaker } from './tokens.ts'

type Existing = { [K in keyof AccountToLogIn]: Exclude<AccountToLogIn[K], null> }

/** Finds the account, compares the password whether or not there is one, and begins a session. */
export function logIn(
  kit: Kit,
  secret: string,
  hasher: PasswordHasher,
  tokens: TokenMaker,
): Handler<{ login: string; password: string }, LoggedIn> {
  const attemptOf = attempts(secret, kit.config.loginAttempts)
  return async (input, context) => {
    const attempt = attemptOf(lookupKey(input.login.trim()), context.address)
    const found = await findAccountToLogIn.one(kit.db, attempt)
    assertMayTry(found.wait)
    const account = await authenticated(input.password, found, context)
    if (account === undefined) {
      await countFailure(kit.db, attempt)
      throw invalidCredentials('No account has this log-in and password.')
    }
    if (account.suspended) throw accountSuspended('This account is suspended.')
    return begin(account, attempt, context)
  }

  async function authenticated(
    password: string,
    found: AccountToLogIn,
    context: Context,
  ): Promise<Existing | undefined> {
    // No account can have it, so its answer tells nothing about accounts.
    if (Buffer.byteLength(normalized(password)) > longestPassword) return undefined
    const { matches, renewed } = await hasher.compare(password, found.password_hash ?? undefined, context)
    if (!matches) return undefined
    const account = found as Existing
    if (renewed !== undefined)
      await renewPasswordHash.run(kit.db, { id: account.id, before: account.password_hash, after: renewed })
    return account
  }

  function begin(account: Existing, attempt: Attempt, context: Context): Promise<LoggedIn> {
    const userId = toId('user', account.id)
    const token = tokens.refreshTokens.first(newUuid(shardOf(userId)))
    const session = {
      id: token.sessionId,
      accountId: account.id,
      endedBefore: account.ended_before,
      tokenHash: hashOf(token),
      address: attempt.network,
      failureKey: attempt.pair,
      mostFailures: attempt.mostOfPair,
      ...sessionLimits,
    }
    return once(
      kit.db,
      context,
      async tx => {
        const started = await startSession.maybe(tx, session)
        if (started === undefined) throw refusedMeanwhile()
        const { revision, surplus } = started
        const roles = toRoles(started.roles)
        const ended = surplus.map(id =>
          newEvent(auth, 'sessionEnded', userId, { sessionId: toId('session', id!), userId }),
        )
        await appendEvents(tx, ended)
        const made = await tokens.make({ accountId: account.id, roles, revision }, token)
        return { account: accountOf(account, roles), ...made }
      },
      { sealed: true },
    )
  }
}

function assertMayTry(wait: number | null): void {
  if (wait !== null)
    throw tooManyAttempts('Too many failed log-ins. Wait, or log in from where you have before.', {
      retryAfter: Math.max(1, wait),
    })
}

/** Between finding the account and beginning the session it was suspended, or others guessed its tries away. */
function refusedMeanwhile() {
  return tooManyAttempts('This account was locked, or guessed at, at this very moment. Try again.', {
    retryAfter: 1,
  })
}

function accountOf(account: Existing, roles: Account['roles']): Account {
  return {
    id: toId('user', account.id),
    username: account.username,
    displayName: account.display_name,
    email: account.email,
    emailVerified: account.email_verified,
    roles,
    createdAt: account.created_at.toISOString(),
  }
}
