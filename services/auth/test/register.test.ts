import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { AppError } from '@plaza/kernel/contract'
import { type BootedServices, bootServices } from '@plaza/testing'
import { auth } from '../src/contract.ts'
import { authService } from '../src/service.ts'
import { codeOf, edge, eventsOf, identityIn, newPerson, register, request } from './people.ts'

let plaza: BootedServices
before(async () => {
  plaza = await bootServices([authService])
})
after(() => plaza[Symbol.asyncDispose]())

test('somebody new gets an empty profile, the role user, and is logged in', async () => {
  const { user, ...tokens } = await register(
    plaza,
    newPerson({ username: 'Ana_Vrsic', displayName: 'Ana Vršič' }),
  )
  assert.deepEqual(user, {
    id: user.id,
    username: 'ana_vrsic',
    displayName: 'Ana Vršič',
    bio: '',
    avatarUrl: null,
    followerCount: 0,
    followingCount: 0,
    postCount: 0,
    version: 1,
    createdAt: user.createdAt,
    email: 'Ana_Vrsic@example.com',
    emailVerified: false,
    roles: ['user'],
  })
  assert.equal(tokens.expiresIn, 900)
  assert.equal(identityIn(tokens).userId, user.id)
  const [account] = await plaza
    .call(auth)
    .accounts({ ids: [user.id] }, request())
    .catch(() => plaza.call(auth).accounts({ ids: [user.id] }, request()))
  assert.equal(account?.createdAt, user.createdAt)
})

test('without a display name the username is it', async () => {
  const { user } = await register(plaza, newPerson({ username: 'plain_name' }))
  assert.equal(user.displayName, 'plain_name')
})

test('the event says who, and neither name nor address', async () => {
  const { user } = await register(plaza)
  const [event] = await eventsOf(plaza, user.id)
  assert.deepEqual(event, { type: 'registered', data: { userId: user.id } })
})

test('a taken address or name is refused with which one, in any case and form', async () => {
  await register(plaza, newPerson({ username: 'taken', email: 'taken@example.com' }))
  for (const email of ['taken@example.com', 'TAKEN@Example.COM'])
    await assert.rejects(register(plaza, newPerson({ email })), refusedAt('email-taken', '/email'))
  for (const username of ['taken', 'TakeN'])
    await assert.rejects(
      register(plaza, newPerson({ username, email: `${username}.other@example.com` })),
      refusedAt('username-taken', '/username'),
    )
  await assert.rejects(register(plaza, newPerson({ username: 'Admin' })), codeOf('username-taken'))
})

test('of two who want one address or one name at the same moment, one gets it', async () => {
  const tries = (people: ReturnType<typeof newPerson>[]) =>
    Promise.allSettled(people.map(person => register(plaza, person)))
  const addresses = await tries([1, 2, 3, 4].map(() => newPerson({ email: 'race@example.com' })))
  const names = await tries(
    [1, 2, 3, 4].map(n => newPerson({ username: 'racer', email: `racer${n}@example.com` })),
  )
  for (const [outcomes, code] of [
    [addresses, 'email-taken'],
    [names, 'username-taken'],
  ] as const) {
    assert.equal(outcomes.filter(each => each.status === 'fulfilled').length, 1)
    for (const each of outcomes) if (each.status === 'rejected') assert.equal(each.reason.code, code)
  }
})

test('what is not an address, a name or a password is refused with a pointer, and makes nobody', async () => {
  const wrong: [object, string][] = [
    [{ email: 'nobody' }, '/email'],
    [{ email: 'two words@example.com' }, '/email'],
    [{ email: `${'x'.repeat(250)}@example.com` }, '/email'],
    [{ username: 'ab' }, '/username'],
    [{ username: 'with space' }, '/username'],
    [{ username: 'žaba' }, '/username'],
    [{ username: 'x'.repeat(31) }, '/username'],
    [{ password: 'short' }, '/password'],
    [{ password: 'password123' }, '/password'],
    [{ password: 'ž'.repeat(37) }, '/password'],
    [{ displayName: '' }, '/displayName'],
    [{ displayName: ' ' }, '/displayName'],
    [{ displayName: 'x'.repeat(51) }, '/displayName'],
    [{ displayName: 'nul\0' }, '/displayName'],
    [{ displayName: 'half \ud83d' }, '/displayName'],
    [{ displayName: 'turned\u202e' }, '/displayName'],
    [{ email: 'half\ud83d@example.com' }, '/email'],
    [{ email: 'dots@example..com' }, '/email'],
    [{ email: 'nul\0@example.com' }, '/email'],
    [{ admin: true }, '/admin'],
  ]
  for (const [given, pointer] of wrong) {
    const person = { ...newPerson({ username: 'wrong_one' }), ...given }
    await assert.rejects(register(plaza, person as never), (error: AppError) => {
      assert.equal(error.category, 'invalid', `${JSON.stringify(given)}: ${error.message}`)
      assert.equal(error.details?.errors?.[0]?.pointer, pointer, JSON.stringify(given))
      return true
    })
  }
  assert.ok(await register(plaza, newPerson({ username: 'wrong_one' })))
})

test('the same request with its Idempotency-Key again, even at the same time, gives the first answer and makes one account', async () => {
  const person = newPerson()
  const again = () => request({ key: ['register-1', 'auth.register', person] })
  const answers = await Promise.all([1, 2, 3].map(() => edge(plaza).register(person, again())))
  const later = again()
  answers.push(await edge(plaza).register(person, later))
  assert.equal(later.answer.replayed, true)
  for (const answer of answers) assert.deepEqual(answer, answers[0])
  assert.equal((await eventsOf(plaza, answers[0]!.user.id)).length, 1)
  const other = newPerson()
  await assert.rejects(
    edge(plaza).register(other, request({ key: ['register-1', 'auth.register', other] })),
    codeOf('idempotency-key-reused'),
  )
})

test('neither password nor tokens can be read in the database', async () => {
  const person = { ...newPerson(), password: 'a very secret sentence' }
  const { accessToken, refreshToken } = await plaza
    .call(auth)
    .register(person, request({ key: ['secret', 'auth.register', person] }))
  const owner = await plaza.scratch.connect()
  const { rows: tables } = await owner.query(
    `select format('select t::text from %I.%I t', schemaname, tablename) as dump from pg_tables where schemaname = 'auth'`,
  )
  let everything = ''
  for (const { dump } of tables) everything += JSON.stringify((await owner.query(dump)).rows)
  assert.ok(everything.includes(person.email.toLowerCase()))
  const bytes = (text: string, encoding: BufferEncoding) =>
    Buffer.from(text, encoding).toString('hex').slice(0, 40)
  for (const secret of [person.password, accessToken, refreshToken])
    for (const form of [secret, bytes(secret, 'utf8'), bytes(secret, 'base64url')])
      assert.ok(!everything.includes(form))
})

function refusedAt(code: string, pointer: string) {
  return (error: AppError) => error.code === code && error.details?.errors?.[0]?.pointer === pointer
}
