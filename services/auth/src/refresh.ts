import { answeredBefore, once, type RowOf, type Tx, toId, type Uuid } from '@plaza/kernel/data'
import type { Handler, Kit } from '@plaza/kernel/service'
import { toRoles } from './account-store.ts'
import { accountSuspended, invalidRefreshToken, type Tokens } from './contract.ts'
import { endOneSession } from './end-session.ts'
import { hashOf, type RefreshToken } from './refresh-token.ts'
import { findSession, rotateToken, sessionLimits } from './session-store.ts'
import type { TokenMaker } from './tokens.ts'

/** Seconds in which the token before the current one is taken for a request repeated because its answer was lost. */
const leeway = 10

/** Changes a refresh token for its successor. An old one used again ends the session: either its owner or a thief holds the newer one. */
export function refresh(kit: Kit, maker: TokenMaker): Handler<{ refreshToken: string }, Tokens> {
  return async (input, context) => {
    const presented = maker.refreshTokens.read(input.refreshToken)
    if (presented === undefined) throw invalid()
    const successor = maker.refreshTokens.successor(presented)
    const work = async (tx: Tx) => {
      const session = await rotate(tx, presented, successor)
      const { account_id: accountId, revision } = session
      return maker.make({ accountId, revision, roles: toRoles(session.roles) }, successor)
    }
    try {
      return await once(kit.db, context, work, { sealed: true })
    } catch (error) {
      if (!(error instanceof Reused)) throw error
      // The same request with the same Idempotency-Key, minutes later: an honest client that never saw its answer.
      const before = await answeredBefore(kit.db, context)
      if (before !== undefined) return before.answer as Tokens
      await endOneSession(kit.db, presented.sessionId, error.accountId)
      kit.log.warn(
        { 'user.id': toId('user', error.accountId) },
        'A used refresh token came again: its session is ended',
      )
      throw invalid()
    }
  }
}

async function rotate(
  tx: Tx,
  presented: RefreshToken,
  next: RefreshToken,
): Promise<RowOf<typeof rotateToken.row>> {
  const hashes = { id: presented.sessionId, presented: hashOf(presented), successor: hashOf(next) }
  const rotated = await rotateToken.maybe(tx, { ...hashes, ...sessionLimits })
  if (rotated !== undefined) return rotated
  const found = await findSession.maybe(tx, { ...hashes, leeway })
  if (found?.suspended) throw accountSuspended('This account is suspended.')
  if (!found?.alive) throw invalid()
  if (!found.repeated) throw new Reused(found.account_id)
  return found
}

class Reused extends Error {
  readonly accountId: Uuid

  constructor(accountId: Uuid) {
    super('A used refresh token came again')
    this.accountId = accountId
  }
}

const invalid = () => invalidRefreshToken('The refresh token is unknown, used or expired. Log in again.')
