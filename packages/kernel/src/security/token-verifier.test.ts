import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { beforeEach, test } from 'node:test'
import { createLocalJWKSet, jwtVerify } from 'jose'
import type { Identity } from '../call/index.ts'
import { newId } from '../data/index.ts'
import { makeMetrics } from '../telemetry/index.ts'
import { type PublicJwk, signAccessToken } from './access-token.ts'
import { Revocations, type RevocationsView, type StandingView } from './revocations.ts'
import { TokenVerifier } from './token-verifier.ts'

const issuer = 'https://plaza.example'
const metrics = makeMetrics()
const none: RevocationsView = { sessions: [], people: [], erasures: [] }

let now: number
let published: PublicJwk[]
let loads: number
let revoked: RevocationsView
let standing: StandingView | undefined
let verifier: TokenVerifier
let key: ReturnType<typeof makeKey>
let ana: Identity & { revision: number }

beforeEach(async () => {
  now = Date.parse('2026-01-01T12:00:00Z')
  key = makeKey('first')
  published = [key.jwk]
  loads = 0
  revoked = none
  standing = undefined
  ana = { userId: newId('user', 1), sessionId: newId('session', 1), roles: ['user'], revision: 3 }
  verifier = makeVerifier()
  await verifier.reset()
})

test('a token tells who sent it, each time it is shown', () => {
  const token = signAccessToken(key, ana, issuer, now)
  for (let i = 0; i < 3; i++)
    assert.deepEqual(verifier.verify(token), {
      userId: ana.userId,
      sessionId: ana.sessionId,
      roles: ['user'],
    })
})

test('other software reads our tokens: they are plain JWTs', async () => {
  const token = signAccessToken(key, ana, issuer, now)
  const keys = createLocalJWKSet({ keys: published.map(jwk => ({ ...jwk })) })
  const { payload, protectedHeader } = await jwtVerify(token, keys, {
    issuer,
    audience: 'plaza',
    typ: 'at+jwt',
    algorithms: ['ES256'],
    currentDate: new Date(now),
  })
  assert.equal(payload.sub, ana.userId)
  assert.equal(payload.sid, ana.sessionId)
  assert.equal(payload.exp! - payload.iat!, 900)
  assert.equal(protectedHeader.kid, 'first')
})

test('a token dies to the second, remembered or not', async () => {
  const token = signAccessToken(key, ana, issuer, now)
  verifier.verify(token)
  now += 899_999
  verifier.verify(token)
  now += 1
  assert.throws(() => verifier.verify(token), refusal(/expired/))
  const fresh = makeVerifier()
  await fresh.reset()
  assert.throws(() => fresh.verify(token), refusal(/expired/))
})

test('a forged, changed or foreign token is refused', async () => {
  const good = signAccessToken(key, ana, issuer, now)
  const [head, body, signature] = good.split('.') as [string, string, string]
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString())
  const header = { alg: 'ES256', typ: 'at+jwt', kid: 'first' }
  const forged = {
    nothing: '',
    'no JWT': 'x.y.z',
    'very long': `${head}.${'x'.repeat(5000)}.${signature}`,
    'alg none, unsigned': `${encode({ ...header, alg: 'none' })}.${body}.`,
    'alg none, with a signature': `${encode({ ...header, alg: 'none' })}.${body}.${signature}`,
    'HS256 with the public key': hmacToken({ ...header, alg: 'HS256' }, claims),
    'another type': signed({ ...header, typ: 'JWT' }, claims),
    'no type': signed({ alg: 'ES256', kid: 'first' }, claims),
    'a critical extension': signed({ ...header, crit: ['b64'], b64: false }, claims),
    'no key': signed({ alg: 'ES256', typ: 'at+jwt' }, claims),
    'a header that is a list': signed([], claims),
    'another issuer': signed(header, { ...claims, iss: 'https://evil.example' }),
    'another audience': signed(header, { ...claims, aud: 'somebody' }),
    'two audiences': signed(header, { ...claims, aud: ['plaza', 'somebody'] }),
    'no expiry': signed(header, { ...claims, exp: undefined }),
    'an expiry in words': signed(header, { ...claims, exp: 'never' }),
    'not yet valid': signed(header, { ...claims, nbf: claims.nbf + 31 }),
    'no person': signed(header, { ...claims, sub: undefined }),
    'roles changed by hand': `${head}.${encode({ ...claims, roles: ['admin'] })}.${signature}`,
    "somebody else's key": signAccessToken({ ...makeKey('first') }, ana, issuer, now),
    'a DER signature': `${head}.${body}.${sign('sha256', Buffer.from(`${head}.${body}`), key.privateKey).toString('base64url')}`,
  }
  for (const [what, token] of Object.entries(forged)) {
    assert.throws(() => verifier.verify(token), refusal(/./), what)
    assert.throws(() => verifier.verify(token), refusal(/./), `${what}, again`)
  }
  assert.equal(loads, 1, 'strangers make nobody load keys')
  assert.ok(verifier.verify(good))
})

test('a key nobody knew is loaded when its first token comes, once for all that wait', async () => {
  const second = makeKey('second')
  published = [second.jwk, key.jwk]
  now += 5_000
  const token = signAccessToken(second, ana, issuer, now)
  const waiting = [verifier.verify(token), verifier.verify(token)]
  for (const identity of await Promise.all(waiting)) assert.equal(identity.userId, ana.userId)
  assert.equal(loads, 2)
  assert.ok(!(verifier.verify(token) instanceof Promise))
})

test('keys that do not exist load the keys once in five seconds at most', async () => {
  now += 5_000
  const unknown = () => signAccessToken(makeKey('unknown'), ana, issuer, now)
  await assert.rejects(async () => verifier.verify(unknown()), refusal(/nobody here has its key/))
  for (let i = 0; i < 50; i++) assert.throws(() => verifier.verify(unknown()), refusal(/./))
  assert.equal(loads, 2)
  now += 5_000
  await assert.rejects(async () => verifier.verify(unknown()), refusal(/./))
  assert.equal(loads, 3)
})

test('tokens of a withdrawn key are refused, remembered or not', async () => {
  const token = signAccessToken(key, ana, issuer, now)
  verifier.verify(token)
  published = [makeKey('second').jwk]
  await verifier.reset()
  assert.throws(() => verifier.verify(token), refusal(/key/))
})

test('keys grow old and are loaded again beside the work', async () => {
  published = [makeKey('second').jwk]
  now += 600_001
  assert.ok(verifier.verify(signAccessToken(key, ana, issuer, now)))
  await new Promise(setImmediate)
  assert.equal(loads, 2)
})

test('log-out ends one session and no other', () => {
  const token = signAccessToken(key, ana, issuer, now)
  const elsewhere = signAccessToken(key, { ...ana, sessionId: newId('session', 1) }, issuer, now)
  verifier.verify(token)
  verifier.endSession(ana.sessionId, new Date(now))
  assert.throws(() => verifier.verify(token), refusal(/ended/))
  assert.ok(verifier.verify(elsewhere))
})

test('ending all sessions spares those that began after it, whatever the clocks say', () => {
  const before = signAccessToken(key, ana, issuer, now)
  verifier.endSessions(ana.userId, 4, new Date(now))
  const after = signAccessToken(key, { ...ana, revision: 4 }, issuer, now - 10_000)
  assert.throws(() => verifier.verify(before), refusal(/ended/))
  assert.ok(verifier.verify(after))
})

test('changed roles hold for tokens signed before, and never for those signed after', () => {
  const before = signAccessToken(key, ana, issuer, now)
  verifier.verify(before)
  verifier.changeRoles(ana.userId, 4, ['user', 'seller'], new Date(now))
  const after = signAccessToken(key, { ...ana, roles: ['user', 'admin'], revision: 5 }, issuer, now)
  assert.deepEqual((verifier.verify(before) as Identity).roles, ['user', 'seller'])
  assert.deepEqual((verifier.verify(after) as Identity).roles, ['user', 'admin'])
  verifier.changeRoles(ana.userId, 6, [], new Date(now))
  assert.deepEqual((verifier.verify(before) as Identity).roles, [])
  assert.deepEqual((verifier.verify(after) as Identity).roles, [])
})

test('an event handed over again never takes back what came after it', () => {
  const token = signAccessToken(key, ana, issuer, now)
  verifier.changeRoles(ana.userId, 5, [], new Date(now))
  verifier.changeRoles(ana.userId, 4, ['admin'], new Date(now))
  verifier.endSessions(ana.userId, 2, new Date(now))
  assert.deepEqual((verifier.verify(token) as Identity).roles, [])
})

test('what was revoked before this gateway started holds too', async () => {
  const until = new Date(now + 900_000).toISOString()
  const ben = { ...ana, userId: newId('user', 2), sessionId: newId('session', 2) }
  const cleo = { ...ana, userId: newId('user', 3), sessionId: newId('session', 3) }
  const dora = { ...ana, userId: newId('user', 4), sessionId: newId('session', 4) }
  revoked = {
    sessions: [{ id: ana.sessionId, until }],
    erasures: [{ userId: dora.userId, sessionId: dora.sessionId, until }],
    people: [
      { id: ben.userId, revision: 4, roles: ['moderator'], suspended: false, endedBefore: 0, until },
      { id: cleo.userId, revision: 9, roles: ['user'], suspended: true, endedBefore: 9, until },
    ],
  }
  const starting = makeVerifier()
  await starting.reset()
  assert.throws(() => starting.verify(signAccessToken(key, ana, issuer, now)), refusal(/ended/))
  assert.deepEqual((starting.verify(signAccessToken(key, ben, issuer, now)) as Identity).roles, ['moderator'])
  assert.throws(() => starting.verify(signAccessToken(key, cleo, issuer, now)), refusal(/ended/))
  assert.equal((starting.verify(signAccessToken(key, dora, issuer, now)) as Identity).erasing, true)
})

test('of an account that is being erased, the session that asked is known to the end and may hardly anything; the others are over', () => {
  const token = signAccessToken(key, { ...ana, roles: ['user', 'admin'] }, issuer, now)
  const elsewhere = signAccessToken(key, { ...ana, sessionId: newId('session', 1) }, issuer, now)
  verifier.verify(token)
  verifier.beginErasure(ana)
  const { userId, sessionId } = ana
  const expected = { userId, sessionId, roles: [], erasing: true }
  assert.deepEqual(verifier.verify(token), expected)
  assert.throws(() => verifier.verify(elsewhere), refusal(/ended/))
  // That sessions end, too, takes nothing more away.
  verifier.endSession(ana.sessionId, new Date(now))
  verifier.endSessions(ana.userId, 4, new Date(now))
  assert.deepEqual(verifier.verify(token), expected)
  now += 900_000
  assert.throws(() => verifier.verify(token), refusal(/expired/))
})

test('revocations are forgotten when every token they could meet has expired, not before', () => {
  const revocations = new Revocations()
  revocations.endSession(ana.sessionId, now)
  revocations.endSessions(ana.userId, 4, now)
  revocations.beginErasure(newId('user', 2), ana.sessionId, now)
  revocations.forgetBefore(now + 900_000)
  assert.equal(revocations.size, 3)
  assert.ok(revocations.isRevoked(ana.userId, newId('session', 1), 3))
  revocations.forgetBefore(now + 960_000)
  assert.equal(revocations.size, 0)
})

test('before refusing, the owner is asked: roles gained a moment ago hold at once', async () => {
  const identity = await verifier.verify(signAccessToken(key, ana, issuer, now))
  standing = { id: ana.userId, revision: 4, roles: ['user', 'seller'], suspended: false, endedBefore: 0 }
  assert.deepEqual((await verifier.confirm(identity)).roles, ['user', 'seller'])
  standing = { ...standing, suspended: true }
  await assert.rejects(verifier.confirm(identity), refusal(/ended/))
  standing = undefined
  await assert.rejects(verifier.confirm(identity), refusal(/ended/))
})

test('it remembers no more tokens than it was told, and those in use longest', async () => {
  const small = new TokenVerifier({ ...options(), remember: 10 })
  await small.reset()
  const often = signAccessToken(key, ana, issuer, now)
  const first = small.verify(often)
  for (let i = 0; i < 100; i++) {
    await small.verify(signAccessToken(key, ana, issuer, now))
    assert.equal(small.verify(often), first, 'the very same identity: it was remembered')
  }
})

function options() {
  return {
    issuer,
    metrics,
    now: () => now,
    loadKeys: async () => {
      loads++
      return published
    },
    loadRevocations: async () => revoked,
    loadStanding: async () => standing,
  }
}

const makeVerifier = () => new TokenVerifier(options())

function makeKey(kid: string) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' } as PublicJwk
  return { kid, privateKey, publicKey, jwk }
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

function signed(header: unknown, claims: unknown): string {
  const text = `${encode(header)}.${encode(claims)}`
  const dsa = { key: key.privateKey, dsaEncoding: 'ieee-p1363' } as const
  return `${text}.${sign('sha256', Buffer.from(text), dsa).toString('base64url')}`
}

function hmacToken(header: unknown, claims: unknown): string {
  const text = `${encode(header)}.${encode(claims)}`
  const secret = key.publicKey.export({ type: 'spki', format: 'pem' })
  const mac = createHmac('sha512', secret).update(text).digest()
  return `${text}.${mac.toString('base64url')}`
}

function refusal(message: RegExp) {
  return (error: { code?: string; message: string }) => {
    assert.equal(error.code, 'unauthenticated')
    assert.match(error.message, message)
    return true
  }
}
