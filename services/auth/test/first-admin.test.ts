import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bootServices } from '@plaza/testing'
import { auth } from '../src/contract.ts'
import { authService } from '../src/service.ts'
import { asService, codeOf, edge, newPerson, register, request } from './people.ts'

test('of instances that start at once one makes the admin, and its password is shown once', async () => {
  await using plaza = await bootServices([authService])
  await using beside = await bootServices([authService], { beside: plaza })
  const answers = await Promise.all(
    [plaza, beside, plaza].map(each => each.call(auth).ensureFirstAdmin({}, asService())),
  )
  const made = answers.filter(answer => answer.made)
  assert.equal(made.length, 1)
  const { email, password } = made[0]!
  assert.match(password!, /^[2-9a-hj-km-np-z]{5}(-[2-9a-hj-km-np-z]{5}){3}$/)
  const { account } = await edge(plaza).login({ login: email, password: password! }, request())
  assert.deepEqual(account.roles, ['user', 'admin'])
  assert.deepEqual(await plaza.call(auth).ensureFirstAdmin({}, asService()), {
    made: false,
    email,
    password: null,
  })
})

test('a configured password is used and not shown', async () => {
  const env = { PLAZA_ADMIN_EMAIL: 'boss@example.com', PLAZA_ADMIN_PASSWORD: 'a password of the boss' }
  await using plaza = await bootServices([authService], { env })
  const answer = await plaza.call(auth).ensureFirstAdmin({}, asService())
  assert.deepEqual(answer, { made: true, email: 'boss@example.com', password: null })
  assert.ok(
    await plaza
      .call(auth)
      .login({ login: 'boss@example.com', password: 'a password of the boss' }, request()),
  )
})

test('somebody else’s address is never made an admin', async () => {
  await using plaza = await bootServices([authService], { env: { PLAZA_ADMIN_EMAIL: 'early@example.com' } })
  await register(plaza, newPerson({ email: 'early@example.com' }))
  await assert.rejects(
    plaza.call(auth).ensureFirstAdmin({}, asService()),
    codeOf('no-first-admin', /PLAZA_ADMIN_EMAIL/),
  )
  const login = { login: 'early@example.com', password: 'correct horse battery' }
  assert.deepEqual((await edge(plaza).login(login, request())).account.roles, ['user'])
})

test('a configured password that is common or too long makes nobody', async () => {
  for (const PLAZA_ADMIN_PASSWORD of ['password123', 'ž'.repeat(40)]) {
    await using plaza = await bootServices([authService], { env: { PLAZA_ADMIN_PASSWORD } })
    const made = plaza.call(auth).ensureFirstAdmin({}, asService())
    await assert.rejects(made, codeOf('no-first-admin', /PLAZA_ADMIN_PASSWORD/))
  }
})

test('strangers cannot call what is internal', async () => {
  await using plaza = await bootServices([authService])
  const edge = plaza.host.dispatcher
  for (const operation of ['ensureFirstAdmin', 'accounts', 'standings', 'revocations'])
    await assert.rejects(edge.invoke('auth', operation, { ids: [] }, request()), codeOf('not-found'))
})
