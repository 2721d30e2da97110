import assert from 'node:assert/strict'
import { eventually } from '../../eventually.ts'
import { expectProblem, expectStatus } from '../expectations.ts'
import type { SignedIn, Tokens } from '../shapes.ts'
import type { Cases } from '../suite.ts'
import { partsOf } from '../token-forge.ts'
import { type Person, registration, type World } from '../world.ts'

export const sessions: Cases = {
  'one logs in with e-mail or username, in whatever case': async world => {
    const ana = await world.person()
    for (const login of [ana.email, ana.username, ana.email.toUpperCase(), ana.username.toUpperCase()]) {
      const wanted = { login, password: ana.password }
      const { body } = expectStatus(await world.api.post<SignedIn>('/auth/login', wanted), 200)
      assert.equal(body.user.id, ana.id)
      assert.equal(body.user.email, ana.email)
      assert.equal(body.expiresIn, 900)
      expectStatus(await world.api.get('/users/me', { as: body }), 200)
    }
  },

  'a wrong password and a missing account get the same answer': async world => {
    const ana = await world.person()
    const nobody = registration('nobody')
    const answers = await Promise.all([
      world.api.post('/auth/login', { login: ana.email, password: 'not this battery staple' }),
      world.api.post('/auth/login', { login: nobody.email, password: 'not this battery staple' }),
      world.api.post('/auth/login', { login: ana.email, password: 'x'.repeat(100) }),
    ])
    const problems = answers.map(each => expectProblem(each, 401, 'invalid-credentials'))
    for (const each of problems) assert.equal(each.detail, problems[0]?.detail)
    const names = answers.map(each => Object.keys(each.headers).sort())
    assert.deepEqual(names[0], names[1])
  },

  'a log-in that is no log-in is 400 and names what is wrong': async world => {
    const { username: login, password } = await world.person()
    const wrong = [
      [{ login }, '/password'],
      [{ password }, '/login'],
      [{ login: 7, password }, '/login'],
      [{ login: '', password }, '/login'],
      [{ login: 'ana\u0000', password }, '/login'],
      [{ login, password, remember: true }, '/remember'],
    ] as const
    for (const [body, pointer] of wrong)
      expectProblem(await world.api.post('/auth/login', body), 400, 'invalid-input', pointer)
  },

  'the access token is an ES256 or EdDSA JWT of 15 minutes with a published key': async world => {
    const ana = await world.person()
    const [header, claims] = partsOf(ana.accessToken)
    assert.ok(header.alg === 'ES256' || header.alg === 'EdDSA')
    assert.equal(Number(claims.exp) - Number(claims.iat), 900)
    assert.equal(claims.sub, ana.id)
    assert.ok(typeof claims.sid === 'string' && Array.isArray(claims.roles))
    type Keys = { keys: { kid: string; kty: string; d?: string }[] }
    const { body } = expectStatus(await world.api.get<Keys>('/.well-known/jwks.json'), 200)
    assert.ok(body.keys.some(each => each.kid === header.kid))
    for (const key of body.keys) assert.equal(key.d, undefined, 'a private key is published')
  },

  'refreshing gives new tokens, and the new ones work': async world => {
    const ana = await world.person()
    const { body } = expectStatus(await refresh(world, ana), 200)
    assert.notEqual(body.refreshToken, ana.refreshToken)
    assert.equal(body.expiresIn, 900)
    expectStatus(await world.api.get('/users/me', { as: body }), 200)
    const next = expectStatus(await refresh(world, body), 200).body
    assert.notEqual(next.refreshToken, body.refreshToken)
  },

  'an old refresh token used again revokes the whole family, within a second everywhere': async world => {
    const ana = await world.person()
    const other = await world.logIn(ana.email, ana.password)
    const second = expectStatus(await refresh(world, ana), 200).body
    const third = expectStatus(await refresh(world, second), 200).body
    expectProblem(await refresh(world, ana), 401, 'invalid-refresh-token')
    expectProblem(await refresh(world, third), 401, 'invalid-refresh-token')
    await assertSignedOut(world, ana)
    await assertSignedOut(world, third)
    expectStatus(await world.api.get('/users/me', { as: other }), 200)
  },

  'a refresh token that is none is 401, one of a wrong shape too': async world => {
    const ana = await world.person()
    for (const refreshToken of [
      'x',
      ana.accessToken.slice(0, 200),
      `${ana.refreshToken}x`,
      ana.refreshToken.slice(1),
    ])
      expectProblem(await world.api.post('/auth/refresh', { refreshToken }), 401, 'invalid-refresh-token')
    expectProblem(await world.api.post('/auth/refresh', {}), 400, 'invalid-input', '/refreshToken')
    expectProblem(
      await world.api.post('/auth/refresh', { refreshToken: 1 }),
      400,
      'invalid-input',
      '/refreshToken',
    )
    expectStatus(await refresh(world, ana), 200)
  },

  'a refresh repeated with its key gives the same tokens': async world => {
    const ana = await world.person()
    const request = { refreshToken: ana.refreshToken }
    const key = `refresh-${ana.username}`
    const first = expectStatus(await world.api.post<Tokens>('/auth/refresh', request, { key }), 200)
    const again = expectStatus(await world.api.post<Tokens>('/auth/refresh', request, { key }), 200)
    assert.deepEqual(again.body, first.body)
    expectStatus(await world.api.get('/users/me', { as: first.body }), 200)
  },

  'logging out ends this session within a second, and no other': async world => {
    const ana = await world.person()
    const other = await world.logIn(ana.username, ana.password)
    expectStatus(await world.api.post('/auth/logout', undefined, { as: ana }), 204)
    await assertSignedOut(world, ana)
    expectProblem(await refresh(world, ana), 401, 'invalid-refresh-token')
    expectStatus(await world.api.get('/users/me', { as: other }), 200)
    expectStatus(await refresh(world, other), 200)
  },

  'logging out without a token is 401': async world => {
    const answer = await world.api.post('/auth/logout')
    expectProblem(answer, 401, 'unauthenticated')
    assert.match(String(answer.headers['www-authenticate']), /^Bearer/)
  },

  'guessing at an account is slowed down, and its owner is not locked out': async world => {
    const ana = await world.person()
    // From where they logged in before, only their own failures count, and they are as many as configured: 20.
    const wrong = () => world.api.post('/auth/login', { login: ana.username, password: 'a wrong guess 1' })
    let refused = await wrong()
    for (let tries = 1; refused.status === 401 && tries < 40; tries++) refused = await wrong()
    expectProblem(refused, 429, 'too-many-attempts')
    assert.ok(Number(refused.headers['retry-after']) >= 1)
    // Whoever is in stays in.
    expectStatus(await world.api.get('/users/me', { as: ana }), 200)
    expectStatus(await refresh(world, ana), 200)
  },
}

function refresh(world: World, { refreshToken }: { readonly refreshToken: string }) {
  return world.api.post<Tokens>('/auth/refresh', { refreshToken })
}

/** A token is worth nothing within a second, for reading, writing and what anybody may read alike. */
async function assertSignedOut(world: World, who: Pick<Person, 'accessToken'>): Promise<void> {
  await eventually(async () => {
    expectProblem(await world.api.get('/users/me', { as: who }), 401, 'unauthenticated')
  })
  expectProblem(await world.api.post('/posts', { text: 'still here' }, { as: who }), 401, 'unauthenticated')
  expectProblem(await world.api.get('/timelines/public', { as: who }), 401, 'unauthenticated')
}
