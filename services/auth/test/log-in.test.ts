import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type BootedServices, bootServices } from '@plaza/testing'
import { authService } from '../src/service.ts'
import { codeOf, edge, identityIn, newPerson, password, register, request } from './people.ts'

let plaza: BootedServices
before(async () => {
  plaza = await bootServices([authService], { env: { PLAZA_LOGIN_ATTEMPTS: '3' } })
})
after(() => plaza[Symbol.asyncDispose]())

const logIn = (login: string, given = password, address = '192.0.2.1') =>
  edge(plaza).login({ login, password: given }, request({ address }))
const wrong = (login: string, address: string) =>
  assert.rejects(logIn(login, 'not the password', address), codeOf('invalid-credentials'))
const refused = (login: string, given: string, address: string) =>
  assert.rejects(
    logIn(login, given, address),
    (error: { code?: string; details?: { retryAfter?: number } }) => {
      assert.equal(error.code, 'too-many-attempts')
      assert.ok(error.details!.retryAfter! > 800 && error.details!.retryAfter! <= 900)
      return true
    },
  )

test('e-mail or username in any case, with the password, begins a session of its own', async () => {
  const { user, accessToken } = await register(plaza, newPerson({ username: 'logs_in' }))
  const sessions = new Set([identityIn({ accessToken }).sessionId])
  for (const login of ['logs_in', 'Logs_In', 'logs_in@example.com', ' LOGS_IN@EXAMPLE.COM ']) {
    const answer = await logIn(login)
    assert.equal(answer.account.id, user.id)
    assert.deepEqual(answer.account.roles, ['user'])
    sessions.add(identityIn(answer).sessionId)
  }
  assert.equal(sessions.size, 5)
})

test('a wrong password and a missing account are told the same', async () => {
  await register(plaza, newPerson({ username: 'is_there' }))
  const failures = await Promise.all(
    ['is_there', 'is_not_there', 'not.there@example.com'].map(login =>
      logIn(login, 'not the password').then(
        () => 'let in',
        error => JSON.stringify(error),
      ),
    ),
  )
  assert.equal(new Set(failures).size, 1)
  await assert.rejects(logIn('is_there', 'x'.repeat(100)), codeOf('invalid-credentials'))
})

test('guessing from one network ends there and nowhere else: a stranger locks nobody out', async () => {
  const { user } = await register(plaza, newPerson({ username: 'wanted' }))
  for (let i = 0; i < 3; i++) await wrong('wanted', '198.51.100.1')
  await refused('wanted', 'not the password', '198.51.100.1')
  await refused('wanted', password, '198.51.100.1')
  assert.equal((await logIn('wanted', password, '198.51.100.2')).account.id, user.id)
})

test('what was refused for one network does not count against others', async () => {
  await register(plaza, newPerson({ username: 'hammered' }))
  for (let i = 0; i < 3; i++) await wrong('hammered', '198.51.100.11')
  for (let i = 0; i < 40; i++) await refused('hammered', 'not the password', '198.51.100.11')
  assert.ok(await logIn('hammered', password, '198.51.100.12'))
})

test('guessing from very many networks closes new ones, and never one the person has logged in from', async () => {
  await register(plaza, newPerson({ username: 'famous' }))
  await logIn('famous', password, '203.0.113.77')
  for (let i = 0; i < 15; i++) await wrong('famous', `198.51.100.${20 + i}`)
  await refused('famous', password, '198.51.100.99')
  assert.ok(await logIn('famous', password, '203.0.113.77'))
  await wrong('famous', '203.0.113.77')
  assert.ok(await logIn('famous', password, '203.0.113.77'))
})

test('one network that tries many people is stopped, whether or not they exist', async () => {
  const { user } = await register(plaza, newPerson({ username: 'last_victim' }))
  await logIn('last_victim', password, '203.0.113.5')
  for (let i = 0; i < 30; i++) await wrong(`victim_${i}`, '203.0.113.5')
  await refused('victim_31', password, '203.0.113.5')
  assert.equal(
    (await logIn('last_victim', password, '203.0.113.5')).account.id,
    user.id,
    'who lives there may still',
  )
})

test('logging in forgives the failures before it', async () => {
  await register(plaza, newPerson({ username: 'forgetful' }))
  for (let round = 0; round < 3; round++) {
    await wrong('forgetful', '203.0.113.6')
    await wrong('forgetful', '203.0.113.6')
    await logIn('forgetful', password, '203.0.113.6')
  }
})

test('a burst of guesses at once gets no more of them answered than one after the other', async () => {
  await register(plaza, newPerson({ username: 'burst' }))
  const guesses = Array.from({ length: 30 }, (_, i) =>
    logIn('burst', i === 29 ? password : `guess ${i}`, '203.0.113.8'),
  )
  const outcomes = await Promise.allSettled(guesses)
  const last = outcomes.at(-1)!
  assert.equal(last.status === 'rejected' && last.reason.code, 'too-many-attempts')
  assert.ok(await logIn('burst', password, '203.0.113.88'), 'nor do they use up what others may try')
})

test('many who are right at once are all let in', async () => {
  await register(plaza, newPerson({ username: 'popular' }))
  const answers = await Promise.all(
    Array.from({ length: 12 }, () => logIn('popular', password, '203.0.113.9')),
  )
  assert.equal(new Set(answers.map(answer => identityIn(answer).sessionId)).size, 12)
})

test('the same log-in with its Idempotency-Key begins one session', async () => {
  await register(plaza, newPerson({ username: 'repeats' }))
  const input = { login: 'repeats', password }
  const again = () => edge(plaza).login(input, request({ key: ['log-in-1', 'auth.login', input] }))
  const first = await again()
  assert.deepEqual(await again(), first)
})

test('nobody has more than a hundred sessions: the one longest unused makes room', async () => {
  const first = await register(plaza, newPerson({ username: 'many_devices' }))
  const owner = await plaza.scratch.connect()
  await owner.query(
    `insert into auth.sessions (id, account_id, token_hash, expires_at)
     select gen_random_uuid(), account_id, ''::bytea, now() + interval '1 day' from auth.sessions, generate_series(1, 99)
     where account_id = (select id from auth.accounts where username = 'many_devices')`,
  )
  await logIn('many_devices')
  const { rows } = await owner.query(
    `select count(*)::int as alive from auth.sessions join auth.accounts a on a.id = account_id
     where username = 'many_devices' and ended_at is null`,
  )
  assert.equal(rows[0].alive, 100)
  await assert.rejects(
    edge(plaza).refresh({ refreshToken: first.refreshToken }, request()),
    codeOf('invalid-refresh-token'),
  )
})
