import assert from 'node:assert/strict'
import { createHmac, createSign, generateKeyPairSync } from 'node:crypto'
import { expectProblem, expectStatus } from '../expectations.ts'
import type { Cases } from '../suite.ts'
import { encoded, partsOf, signed } from '../token-forge.ts'
import type { Person, World } from '../world.ts'

export const badTokens: Cases = {
  'a token that the forge signs unchanged is good: what follows is refused for its change alone':
    async world => {
      const ana = await world.person()
      const accessToken = world.topology.forge.resigned(ana.accessToken, {})
      expectStatus(await world.api.get('/users/me', { as: { accessToken } }), 200)
    },

  'an expired token is 401 and does nothing': async world => {
    const ana = await world.person()
    const past = Math.floor(Date.now() / 1000) - 1_000
    const claims = { iat: past - 900, nbf: past - 900, exp: past }
    await assertRefused(world, ana, world.topology.forge.resigned(ana.accessToken, { claims }))
    const lastSecond = { claims: { exp: Math.floor(Date.now() / 1000) - 1 } }
    await assertRefused(world, ana, world.topology.forge.resigned(ana.accessToken, lastSecond))
  },

  'a token for somebody else, or of somebody else, is 401 and does nothing': async world => {
    const ana = await world.person()
    for (const claims of [
      { aud: 'another-service' },
      { aud: ['plaza', 'another-service'] },
      { aud: undefined },
      { iss: 'https://evil.example' },
      { iss: undefined },
      { nbf: Math.floor(Date.now() / 1000) + 3_600 },
      { exp: undefined },
      { exp: 'never' },
      { sub: undefined },
      { sid: undefined },
    ])
      await assertRefused(world, ana, world.topology.forge.resigned(ana.accessToken, { claims }))
  },

  'another kind of JWT of the same key is no access token': async world => {
    const ana = await world.person()
    for (const header of [
      { typ: 'JWT' },
      { typ: undefined },
      { typ: 'id+jwt' },
      { crit: ['exp'] },
      { kid: 'unknown' },
      { kid: undefined },
    ])
      await assertRefused(world, ana, world.topology.forge.resigned(ana.accessToken, { header }))
  },

  'alg: none is 401 and does nothing': async world => {
    const ana = await world.person()
    const [header, claims] = partsOf(ana.accessToken)
    for (const alg of ['none', 'None', 'NONE', '']) {
      const head = encoded({ ...header, alg })
      await assertRefused(world, ana, `${head}.${encoded(claims)}.`)
      await assertRefused(world, ana, `${head}.${encoded(claims)}`)
      await assertRefused(world, ana, `${head}.${encoded(claims)}.${ana.accessToken.split('.')[2]}`)
    }
  },

  'a forged token is 401 and does nothing: another key, another algorithm, changed claims': async world => {
    const [ana, ben] = await world.people('ana', 'ben')
    const [header, claims] = partsOf(ana.accessToken)
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    await assertRefused(world, ana, signed(header, claims, stranger))
    await assertRefused(
      world,
      ana,
      signed({ ...header, jwk: {}, jku: 'https://evil.example/jwks.json' }, claims, stranger),
    )
    await assertRefused(world, ana, withPublicKeyAsSecret(await publicKeys(world), header, claims))
    await assertRefused(world, ana, signedWithRsa(header, claims))
    const [head, body, signature] = ana.accessToken.split('.')
    await assertRefused(world, ana, `${head}.${encoded({ ...claims, sub: ben.id })}.${signature}`)
    await assertRefused(
      world,
      ana,
      `${head}.${encoded({ ...claims, roles: ['user', 'admin'] })}.${signature}`,
    )
    await assertRefused(world, ana, `${head}.${body}.${ben.accessToken.split('.')[2]}`)
    await assertRefused(world, ana, `${head}.${body}.${'A'.repeat(86)}`)
  },

  'what is no token at all is 401': async world => {
    const ana = await world.person()
    for (const token of [
      'x',
      '..',
      'a.b.c',
      ana.refreshToken,
      `${ana.accessToken}x`,
      ana.accessToken.slice(0, -1),
      `${ana.accessToken}.x`,
      encoded({}),
    ])
      await assertRefused(world, ana, token)
  },

  'other schemes than Bearer are nobody': async world => {
    const ana = await world.person()
    const basic = Buffer.from(`${ana.username}:${ana.password}`).toString('base64')
    for (const Authorization of [
      `Basic ${basic}`,
      ana.accessToken,
      `Token ${ana.accessToken}`,
      'Bearer',
      'Bearer ',
    ])
      expectProblem(await world.api.get('/users/me', { headers: { Authorization } }), 401, 'unauthenticated')
    const lower = { Authorization: `bearer ${ana.accessToken}` }
    expectStatus(await world.api.get('/users/me', { headers: lower }), 200)
  },

  'a token is taken from its header alone': async world => {
    const ana = await world.person()
    expectProblem(
      await world.api.get('/users/me', { headers: { Cookie: `access_token=${ana.accessToken}` } }),
      401,
      'unauthenticated',
    )
    const inQuery = await world.api.get(`/users/me?access_token=${ana.accessToken}`)
    assert.ok(inQuery.status === 401 || inQuery.status === 400, inQuery.text)
  },

  'a token says it is invalid in WWW-Authenticate, no token only asks for one': async world => {
    const bad = await world.api.get('/users/me', { as: { accessToken: 'x' } })
    assert.match(String(bad.headers['www-authenticate']), /^Bearer .*error="invalid_token"/)
    assert.equal((await world.api.get('/users/me')).headers['www-authenticate'], 'Bearer')
  },
}

/** Neither reading, nor writing, nor what anybody may read goes with such a token. */
async function assertRefused(world: World, { id }: Person, accessToken: string): Promise<void> {
  const as = { accessToken }
  expectProblem(await world.api.get('/users/me', { as }), 401, 'unauthenticated')
  expectProblem(await world.api.get('/timelines/public', { as }), 401, 'unauthenticated')
  expectProblem(await world.api.post('/posts', { text: 'by nobody' }, { as }), 401, 'unauthenticated')
  assert.deepEqual(await world.texts(`/users/${id}/posts`), [])
}

type Part = Readonly<Record<string, unknown>>

async function publicKeys(world: World): Promise<string> {
  return expectStatus(await world.api.get('/.well-known/jwks.json'), 200).text
}

/** The mistake of RFC 8725 § 2.1: a public key taken for the secret of an HMAC. */
function withPublicKeyAsSecret(keys: string, header: Part, claims: Part): string {
  const text = `${encoded({ ...header, alg: 'HS256' })}.${encoded(claims)}`
  return `${text}.${createHmac('sha256', keys).update(text).digest('base64url')}`
}

function signedWithRsa(header: Part, claims: Part): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const text = `${encoded({ ...header, alg: 'RS256' })}.${encoded(claims)}`
  return `${text}.${createSign('sha256').update(text).sign(privateKey).toString('base64url')}`
}
