import { toId, type Uuid } from '@plaza/kernel/data'
import { accessTokenSeconds, type Role, signAccessToken, tokenIssuer } from '@plaza/kernel/security'
import type { Kit } from '@plaza/kernel/service'
import type { Tokens } from './contract.ts'
import { type RefreshToken, RefreshTokens } from './refresh-token.ts'
import { SigningKeys } from './signing-keys.ts'

interface TokenHolder {
  readonly accountId: Uuid
  readonly roles: readonly Role[]
  readonly revision: number
}

/** Makes both tokens of a session. */
export interface TokenMaker {
  readonly keys: SigningKeys
  readonly refreshTokens: RefreshTokens
  make(holder: TokenHolder, refreshToken: RefreshToken): Promise<Tokens>
}

export function tokenMaker(kit: Pick<Kit, 'db' | 'config'>, secret: string): TokenMaker {
  const keys = new SigningKeys(kit.db, secret)
  const refreshTokens = new RefreshTokens(secret)
  const issuer = tokenIssuer(kit.config)
  return {
    keys,
    refreshTokens,
    make: async (holder, refreshToken) => {
      const claims = {
        userId: toId('user', holder.accountId),
        sessionId: toId('session', refreshToken.sessionId),
        roles: holder.roles,
        revision: holder.revision,
      }
      return {
        accessToken: signAccessToken(await keys.current(), claims, issuer),
        refreshToken: refreshTokens.write(refreshToken),
        expiresIn: accessTokenSeconds,
      }
    },
  }
}
