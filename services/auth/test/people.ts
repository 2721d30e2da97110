import { createHash } from 'node:crypto'
import { type Client, type Context, type Identity, makeCall, newContext } from '@plaza/kernel/call'
import type { BootedServices } from '@plaza/testing'
import { decodeJwt } from 'jose'
import { auth, type SignedIn } from '../src/contract.ts'

export const password = 'correct horse battery'

let made = 0

/** Somebody new; what is not given is made up. */
export function newPerson(given: { username?: string; email?: string; displayName?: string } = {}) {
  const username = given.username ?? `person_${++made}`
  return { email: `${username}@example.com`, password, ...given, username }
}

interface Asking {
  readonly as?: Identity
  readonly address?: string
  /** An Idempotency-Key with the request it is sent with. */
  readonly key?: readonly [key: string, operation: string, request: unknown]
}

/** The context of a client's request, as the gateway makes it. */
export function request({ as, address = '192.0.2.1', key }: Asking = {}): Context {
  return newContext({
    requestId: 'test',
    caller: 'edge',
    deadline: Date.now() + 30_000,
    address,
    identity: as,
    idempotency: key && {
      owner: 'anonymous',
      operation: key[1],
      key: key[0],
      requestHash: createHash('sha256').update(JSON.stringify(key[2])).digest('hex'),
    },
  })
}

/** Calls as clients do, through the edge's checks. */
export const edge = (plaza: BootedServices): Client<typeof auth.operations> => ({
  ...makeCall(plaza.host.dispatcher)(auth),
  // the gateway's own, which asks us
  login: plaza.call(auth).login,
})

/** A call that a service makes of itself. */
export const asService = () => newContext({ requestId: 'test', deadline: Date.now() + 30_000 })

export function register(plaza: BootedServices, given = newPerson()): Promise<SignedIn> {
  return edge(plaza).register(given, request())
}

/** Who an access token says it is from. */
export function identityIn({ accessToken }: { accessToken: string }): Identity {
  const { sub, sid, roles } = decodeJwt(accessToken)
  return { userId: sub, sessionId: sid, roles } as Identity
}

export function codeOf(code: string, message = /./) {
  return (error: { code?: string; message: string }) => error.code === code && message.test(error.message)
}

/** What auth's log says of a person. */
export async function eventsOf(plaza: BootedServices, userId: string) {
  const owner = await plaza.scratch.connect()
  const { rows } = await owner.query(
    'select type, data from auth.events where stream = $1 order by version',
    [userId],
  )
  return rows
}
