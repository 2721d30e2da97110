import { auth } from '@plaza/auth/contract'
import { type Call, newContext } from '@plaza/kernel/call'
import type { Config } from '@plaza/kernel/config'
import type { UserId } from '@plaza/kernel/contract'
import { type BroadcastSubscription, broadcast } from '@plaza/kernel/events'
import { TokenVerifier, tokenIssuer } from '@plaza/kernel/security'
import type { Metrics } from '@plaza/kernel/telemetry'

export interface Identities {
  readonly verifier: TokenVerifier
  /** Keeps the verifier up to date with log-outs, suspensions, erasures and roles; not caught up, the gateway is not ready. */
  readonly subscription: BroadcastSubscription
}

/** Wires the verifier of access tokens to `auth`, wherever it runs. */
export function makeIdentities(call: Call, config: Config, metrics: Metrics): Identities {
  const asking = () => newContext({ requestId: 'gateway-tokens', deadline: Date.now() + 10_000 })
  const verifier = new TokenVerifier({
    issuer: tokenIssuer(config),
    loadKeys: async () => (await call(auth).keys({}, asking())).keys,
    loadRevocations: () => call(auth).revocations({}, asking()),
    loadStanding: async id => (await call(auth).standings({ ids: [id as UserId] }, asking()))[0],
    metrics,
  })
  const subscription = broadcast(
    'revocations',
    auth,
    {
      sessionEnded: ({ data, at }) => verifier.endSession(data.sessionId, at),
      sessionsEnded: ({ data, at }) => verifier.endSessions(data.userId, data.revision, at),
      erasing: ({ data, at }) => verifier.beginErasure(data, at),
      rolesChanged: ({ data, at }) => verifier.changeRoles(data.userId, data.revision, data.roles, at),
    },
    () => verifier.reset(),
  )
  return { verifier, subscription }
}
