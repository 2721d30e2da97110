import { auth } from '@plaza/auth/contract'
import { type Context, deriveContext, makeCall } from '@plaza/kernel/call'
import type { InputOf, OutputOf } from '@plaza/kernel/contract'
import type { TokenVerifier } from '@plaza/kernel/security'
import type { Host } from '@plaza/kernel/service'
import { users } from '@plaza/users/contract'
import type { gateway } from './contract.ts'

type LogIn = typeof gateway.operations.logIn

/** Logs in, and shows the profile: `auth` cannot ask `users`, which stands above it. Without `users`, what `auth` knows is enough to be logged in. */
export function logIn(host: Pick<Host, 'call' | 'dispatcher'>, verifier: TokenVerifier) {
  const call = makeCall(host.dispatcher)
  return async (input: InputOf<LogIn>, context: Context): Promise<OutputOf<LogIn>> => {
    // A context of our own: what the answer says about itself (replayed) comes back in it.
    const asked = deriveContext(context, { caller: 'service' })
    const { account, ...tokens } = await call(auth).login(input, asked)
    Object.assign(context.answer, asked.answer)
    const identity = await verifier.verify(tokens.accessToken)
    try {
      const user = await host.call(users).me({}, deriveContext(context, { identity, idempotency: undefined }))
      return { user, ...tokens }
    } catch {
      context.answer.degraded = true
      const { displayName: _mayHaveChanged, ...user } = account
      return { user, ...tokens }
    }
  }
}
