import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { beforeEach, test } from 'node:test'
import { type Context, type Dispatcher, makeCall, newContext } from '@plaza/kernel/call'
import { unavailable } from '@plaza/kernel/contract'
import { newId } from '@plaza/kernel/data'
import { type PublicJwk, signAccessToken, TokenVerifier } from '@plaza/kernel/security'
import { makeMetrics } from '@plaza/kernel/telemetry'
import { logIn } from '../src/log-in.ts'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'ES256', use: 'sig' } as PublicJwk
const ana = {
  userId: newId('user', 1),
  sessionId: newId('session', 1),
  roles: ['user' as const],
  revision: 1,
}
const account = {
  id: ana.userId,
  username: 'ana',
  displayName: 'As registered',
  email: 'ana@example.com',
  emailVerified: false,
  roles: ['user' as const],
  createdAt: '2026-01-01T00:00:00.000Z',
}
const profile = { ...account, displayName: 'As edited since', bio: 'hello', followerCount: 7 }
const input = { login: 'ana', password: 'correct horse battery' }

let usersAreThere: boolean
let asked: Context[]
/** Stands for auth and users. */
const dispatcher: Dispatcher = {
  invoke: async (service, operation, _input, context) => {
    asked.push(context)
    if (`${service}.${operation}` === 'auth.login') {
      context.answer.replayed = true
      const accessToken = signAccessToken({ kid: 'k', privateKey }, ana, 'plaza')
      return { account, accessToken, refreshToken: 'r', expiresIn: 900 }
    }
    assert.equal(`${service}.${operation}`, 'users.me')
    if (!usersAreThere) throw unavailable('They are away.')
    return profile
  },
}
const verifier = new TokenVerifier({
  issuer: 'plaza',
  metrics: makeMetrics(),
  loadKeys: async () => [jwk],
  loadRevocations: async () => ({ sessions: [], people: [], erasures: [] }),
  loadStanding: async () => undefined,
})
const handler = logIn({ dispatcher, call: makeCall(dispatcher) }, verifier)
const request = () => newContext({ requestId: 'test', deadline: Date.now() + 5_000, caller: 'edge' })

beforeEach(() => {
  usersAreThere = true
  asked = []
})

test('who logs in sees their profile as it is now, asked for in their own name', async () => {
  const context = request()
  const { user, ...tokens } = await handler(input, context)
  assert.deepEqual(user, profile)
  assert.deepEqual(Object.keys(tokens).sort(), ['accessToken', 'expiresIn', 'refreshToken'])
  assert.equal(asked[1]?.identity?.userId, ana.userId)
  assert.deepEqual(context.answer, { replayed: true })
})

test('while users are away one can log in: what they alone know is left out, and the answer says so', async () => {
  usersAreThere = false
  const context = request()
  const { user, refreshToken } = await handler(input, context)
  const { displayName: _, ...known } = account
  assert.deepEqual(user, known)
  assert.equal(refreshToken, 'r')
  assert.equal(context.answer.degraded, true)
})
