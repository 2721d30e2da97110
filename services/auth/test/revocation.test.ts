import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Identity } from '@plaza/kernel/call'
import { broadcast, runSubscription } from '@plaza/kernel/events'
import { TokenVerifier } from '@plaza/kernel/security'
import { makeLogger, makeMetrics } from '@plaza/kernel/telemetry'
import { type BootedServices, bootServices } from '@plaza/testing'
import { auth } from '../src/contract.ts'
import { authService } from '../src/service.ts'
import { asService, edge, identityIn, newPerson, register, request } from './people.ts'

let plaza: BootedServices
let beside: BootedServices
before(async () => {
  plaza = await bootServices([authService])
  beside = await bootServices([authService], { beside: plaza })
})
after(async () => {
  await beside[Symbol.asyncDispose]()
  await plaza[Symbol.asyncDispose]()
})

const admin = () =>
  request({ as: { userId: 'user_admin', sessionId: 'session_admin', roles: ['admin'] } as never })

test('log-out, suspension and role changes at one instance hold at a gateway of another within a second', async () => {
  await using gateway = await gatewayOf(beside)
  const { verifier } = gateway
  const person = newPerson()
  const first = await register(plaza, person)
  const second = await edge(plaza).login({ login: person.email, password: person.password }, request())
  const { id } = first.user
  assert.equal((await verifier.verify(first.accessToken)).userId, id)
  assert.deepEqual((await verifier.verify(second.accessToken)).roles, ['user'])

  await edge(plaza).logout({}, request({ as: identityIn(first) }))
  await withinASecond(() => isRefused(verifier, first.accessToken))
  assert.ok(await verifier.verify(second.accessToken), 'the other session lives')

  await edge(plaza).setRoles({ id, roles: ['user', 'moderator'] }, admin())
  await withinASecond(async () => (await verifier.verify(second.accessToken)).roles.includes('moderator'))
  await edge(plaza).setRoles({ id, roles: [] }, admin())
  await withinASecond(async () => (await verifier.verify(second.accessToken)).roles.length === 0)

  await edge(plaza).suspend({ id }, admin())
  await withinASecond(() => isRefused(verifier, second.accessToken))
  await edge(plaza).unsuspend({ id }, admin())
  const third = await edge(plaza).login({ login: person.email, password: person.password }, request())
  assert.ok(await verifier.verify(third.accessToken), 'a log-in right after is not taken for one of before')
  assert.ok(await isRefused(verifier, second.accessToken), 'what ended stays ended')
})

test('a gateway that starts later knows what happened before', async () => {
  const ana = await register(plaza)
  const ben = await register(plaza)
  const cleo = await register(plaza)
  await edge(plaza).logout({}, request({ as: identityIn(ana) }))
  await edge(plaza).suspend({ id: ben.user.id }, admin())
  await edge(plaza).setRoles({ id: cleo.user.id, roles: ['moderator'] }, admin())
  await using gateway = await gatewayOf(beside)
  assert.ok(await isRefused(gateway.verifier, ana.accessToken))
  assert.ok(await isRefused(gateway.verifier, ben.accessToken))
  assert.deepEqual((await gateway.verifier.verify(cleo.accessToken)).roles, ['moderator'])
})

test('a role gained is there at once when somebody would be refused for want of it', async () => {
  await using gateway = await gatewayOf(beside)
  const ana = await register(plaza)
  const before: Identity = await gateway.verifier.verify(ana.accessToken)
  await edge(plaza).becomeSeller({}, request({ as: before }))
  assert.deepEqual((await gateway.verifier.confirm(before)).roles, ['user', 'seller'])
})

/** What a gateway has of tokens, in another process' place: it shares nothing with the instance that answers. */
async function gatewayOf({ call }: BootedServices) {
  const metrics = makeMetrics()
  const log = makeLogger({ level: 'warn', pretty: false })
  const verifier = new TokenVerifier({
    issuer: 'plaza',
    loadKeys: async () => (await call(auth).keys({}, asService())).keys,
    loadRevocations: () => call(auth).revocations({}, asService()),
    loadStanding: async id => (await call(auth).standings({ ids: [id as never] }, asService()))[0],
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
  const running = runSubscription(subscription, { service: 'test', db: undefined, call, log, metrics })
  await running.caughtUp()
  return { verifier, [Symbol.asyncDispose]: () => running.stop() }
}

async function isRefused(verifier: TokenVerifier, token: string) {
  try {
    await verifier.verify(token)
    return false
  } catch (error) {
    return (error as { code: string }).code === 'unauthenticated'
  }
}

async function withinASecond(fact: () => Promise<boolean>) {
  const began = performance.now()
  while (!(await fact())) {
    assert.ok(performance.now() - began < 1_000, 'it took longer than a second')
    await new Promise(setImmediate)
  }
}
