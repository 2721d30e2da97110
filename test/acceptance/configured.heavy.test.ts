import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../eventually.ts'
import { expectProblem, expectStatus } from './expectations.ts'
import { startOwnProcess } from './own-process.ts'
import type { SignedIn } from './shapes.ts'
import { registration, SharedWorld, World } from './world.ts'

// What a configuration changes, and what would be in the way of the other tests: each on a Plaza of its own.

test('selling that is not open is 403, and an admin still makes sellers', { timeout: 120_000 }, async () => {
  await using plaza = await startOwnProcess({ PLAZA_OPEN_SELLING: 'false' })
  using shared = await SharedWorld.open(plaza.topology)
  const world = new World(shared)
  const [admin, ana] = await Promise.all([world.admin(), world.person()])
  expectProblem(await world.api.post('/users/me/seller', undefined, { as: ana }), 403, 'selling-closed')
  const roles = ['user', 'seller']
  expectStatus(await world.api.put(`/users/${ana.id}/roles`, { roles }, { as: admin }), 200)
})

test('whoever asks too often is 429 with Retry-After, others are not, and later they are not either', {
  timeout: 120_000,
}, async () => {
  await using plaza = await startOwnProcess({ PLAZA_RATE_LIMIT: '30' })
  using shared = await SharedWorld.open(plaza.topology)
  const world = new World(shared)
  const [ana, ben] = await world.people('ana', 'ben')
  const ask = (as: typeof ana) => world.api.get('/users/me', { as })
  const answers = await Promise.all(Array.from({ length: 40 }, () => ask(ana)))
  const refused = answers.filter(each => each.status === 429)
  assert.ok(refused.length >= 8, String(refused.length))
  for (const each of refused) {
    expectProblem(each, 429, 'too-many-requests')
    assert.ok(Number(each.headers['retry-after']) >= 1)
    assert.match(String(each.headers.ratelimit), /^"person";r=0;/)
  }
  expectStatus(await ask(ben), 200)
  // 30 a minute is one in two seconds.
  await eventually(async () => expectStatus(await ask(ana), 200), 5_000)
})

test('more log-ins than passwords can be checked are 503 with Retry-After; the others get in', {
  timeout: 120_000,
}, async () => {
  await using plaza = await startOwnProcess({ PLAZA_BCRYPT_COST: '10' })
  using shared = await SharedWorld.open(plaza.topology)
  const world = new World(shared)
  const ana = await world.person()
  const rush = Array.from({ length: 100 }, () =>
    world.api.post<SignedIn>('/auth/login', { login: ana.username, password: ana.password }),
  )
  const reading = world.api.get('/timelines/public')
  const answers = await Promise.all(rush)
  expectStatus(await reading, 200)
  const [good, refused] = [
    answers.filter(each => each.status === 200),
    answers.filter(each => each.status !== 200),
  ]
  assert.ok(good.length >= 50, `${good.length} got in`)
  assert.ok(refused.length > 0, 'nobody was refused: the queue is not bounded')
  for (const each of refused) {
    expectProblem(each, 503, 'overloaded')
    assert.ok(Number(each.headers['retry-after']) >= 1)
  }
  expectStatus(await world.api.post('/auth/register', registration()), 201)
})

test('a metrics token replaces the trust in this machine', { timeout: 120_000 }, async () => {
  await using plaza = await startOwnProcess({ PLAZA_METRICS_TOKEN: 'a-token-of-the-tests' })
  using shared = await SharedWorld.open(plaza.topology)
  const world = new World(shared)
  expectProblem(await world.api.get('/metrics'), 401, 'unauthenticated')
  expectProblem(
    await world.api.get('/metrics', { as: { accessToken: 'a-token-of-the-testz' } }),
    401,
    'unauthenticated',
  )
  expectStatus(await world.api.get('/metrics', { as: { accessToken: 'a-token-of-the-tests' } }), 200)
})
