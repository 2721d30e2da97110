import assert from 'node:assert/strict'
import { expectProblem, expectStatus } from '../expectations.ts'
import { idShape, type OwnProfile, type Page, type Profile, type SignedIn, timeShape } from '../shapes.ts'
import type { Cases } from '../suite.ts'
import { registration as newcomer, type Person, type World } from '../world.ts'

export const registration: Cases = {
  'whoever registers is logged in and has a profile at once': async world => {
    const wanted = { ...newcomer('Ana'), displayName: 'Ana Älvsjö 🌻' }
    const { body } = expectStatus(await world.api.post<SignedIn>('/auth/register', wanted), 201)
    assert.match(body.user.id, idShape('user'))
    assert.match(body.user.createdAt, timeShape)
    assert.equal(body.expiresIn, 900)
    assert.equal(body.user.username, wanted.username)
    assert.equal(body.user.email, wanted.email)
    assert.equal(body.user.emailVerified, false)
    assert.deepEqual(body.user.roles, ['user'])
    const me = expectStatus(await world.api.get<OwnProfile>('/users/me', { as: body }), 200).body
    assert.equal(me.id, body.user.id)
    assert.equal(me.displayName, wanted.displayName)
    assert.equal(me.bio, '')
    assert.deepEqual([me.followerCount, me.followingCount, me.postCount], [0, 0, 0])
    assert.doesNotMatch(JSON.stringify(body), /correct horse|\$2[aby]\$/, 'a password came back')
  },

  'without a displayName the username is shown': async world => {
    const ana = await world.person()
    const { body } = expectStatus(await world.api.get<Profile>(`/users/${ana.id}`), 200)
    assert.equal(body.displayName, ana.username)
  },

  'a username is kept in lower case, whatever case it is written in': async world => {
    const wanted = newcomer('ana')
    const upper = { ...wanted, username: wanted.username.toUpperCase() }
    const { body } = expectStatus(await world.api.post<SignedIn>('/auth/register', upper), 201)
    assert.equal(body.user.username, wanted.username)
  },

  'a taken e-mail address is 409, in whatever case, and changes nothing': async world => {
    const ana = await world.person()
    for (const email of [ana.email, ana.email.toUpperCase()]) {
      const wanted = { ...newcomer('ben'), email }
      expectProblem(await world.api.post('/auth/register', wanted), 409, 'email-taken', '/email')
      await assertNobodyCalled(world, wanted.username)
    }
    await assertStillWorks(world, ana)
  },

  'a taken username is 409, in whatever case, and changes nothing': async world => {
    const ana = await world.person()
    for (const username of [ana.username, ana.username.toUpperCase()]) {
      const wanted = { ...newcomer('ben'), username }
      expectProblem(await world.api.post('/auth/register', wanted), 409, 'username-taken', '/username')
      await assertCannotLogIn(world, wanted.email, wanted.password)
    }
    await assertStillWorks(world, ana)
  },

  'of two who take one e-mail address at the same moment one gets it': async world => {
    const email = newcomer().email
    const both = [
      { ...newcomer('ana'), email },
      { ...newcomer('ben'), email: email.toUpperCase() },
    ]
    const answers = await Promise.all(both.map(each => world.api.post<SignedIn>('/auth/register', each)))
    assert.deepEqual(answers.map(each => each.status).sort(), [201, 409])
    const loser = answers.findIndex(each => each.status === 409)
    expectProblem(answers[loser]!, 409, 'email-taken', '/email')
    await assertNobodyCalled(world, both[loser]!.username)
  },

  'of two who take one username at the same moment one gets it': async world => {
    const { username } = newcomer()
    const both = [
      { ...newcomer('ana'), username },
      { ...newcomer('ben'), username: username.toUpperCase() },
    ]
    const answers = await Promise.all(both.map(each => world.api.post<SignedIn>('/auth/register', each)))
    assert.deepEqual(answers.map(each => each.status).sort(), [201, 409])
    const loser = answers.findIndex(each => each.status === 409)
    expectProblem(answers[loser]!, 409, 'username-taken', '/username')
    await assertCannotLogIn(world, both[loser]!.email, both[loser]!.password)
    const { body } = expectStatus(await world.api.get<Page<Profile>>(`/users?username=${username}`), 200)
    assert.equal(body.items.length, 1)
  },

  'each wrong field of a registration is named, and nobody is registered': async world => {
    const good = newcomer()
    const wrong: readonly [string, unknown, number?, string?][] = [
      ['email', 'nobody'],
      ['email', 'a b@plaza.example'],
      ['email', 42],
      ['email', null],
      ['email', `${'a'.repeat(300)}@plaza.example`],
      ['email', 'ana\u0000@plaza.example'],
      ['username', 'ab'],
      ['username', 'a'.repeat(31)],
      ['username', 'ana lund'],
      ['username', 'ana/../ben'],
      ['username', ['ana']],
      ['username', 'аnа_cyrillic'],
      ['password', 'short'],
      ['password', 12345678],
      ['password', 'password1', 400, 'weak-password'],
      ['password', 'aaaaaaaaaaaa', 400, 'weak-password'],
      ['password', good.username, 400, 'weak-password'],
      ['password', 'ä'.repeat(37), 400, 'password-too-long'],
      ['displayName', ''],
      ['displayName', '   '],
      ['displayName', 'x'.repeat(51)],
      ['displayName', 'Ana\u0000'],
      ['displayName', {}],
      ['role', 'admin'],
      ['roles', ['admin']],
      ['id', 'user_01h455vb4pex5vsknk084sn02q'],
      ['emailVerified', true],
    ]
    for (const [field, value, status = 400, code = 'invalid-input'] of wrong) {
      const answer = await world.api.post('/auth/register', { ...good, [field]: value })
      expectProblem(answer, status, code, `/${field}`)
    }
    for (const field of ['email', 'username', 'password'] as const) {
      const { [field]: _, ...rest } = good
      expectProblem(await world.api.post('/auth/register', rest), 400, 'invalid-input', `/${field}`)
    }
    await assertNobodyCalled(world, good.username)
    await assertCannotLogIn(world, good.email, good.password)
  },

  'all that is wrong is told at once': async world => {
    const answer = await world.api.post('/auth/register', { email: 'no', username: 'x', extra: 1 })
    expectProblem(answer, 400, 'invalid-input', '/email', '/username', '/password', '/extra')
  },

  'a problem never quotes a password': async world => {
    const password = 'hunter2'
    const answer = await world.api.post('/auth/register', { ...newcomer(), password })
    expectProblem(answer, 400, 'invalid-input', '/password')
    assert.doesNotMatch(answer.text, /hunter2/)
  },

  'names that pass for those who run the place cannot be taken': async world => {
    for (const username of ['admin', 'Moderator', 'me']) {
      const answer = await world.api.post('/auth/register', { ...newcomer(), username })
      assert.ok(answer.status === 409 || answer.status === 400, answer.text)
    }
  },

  'a registration repeated with its key gives the first answer, tokens too, and no second account':
    async world => {
      const wanted = newcomer()
      const key = `register-${wanted.username}`
      const first = expectStatus(await world.api.post<SignedIn>('/auth/register', wanted, { key }), 201)
      assert.equal(first.headers['idempotency-replayed'], undefined)
      const again = expectStatus(await world.api.post<SignedIn>('/auth/register', wanted, { key }), 201)
      assert.equal(again.headers['idempotency-replayed'], 'true')
      assert.deepEqual(again.body, first.body)
      expectStatus(await world.api.get('/users/me', { as: again.body }), 200)
      const other = { ...wanted, password: 'another battery staple' }
      const reused = await world.api.post('/auth/register', other, { key })
      expectProblem(reused, 422, 'idempotency-key-reused')
      await assertCannotLogIn(world, wanted.email, other.password)
    },

  'answers with tokens are stored by nobody': async world => {
    const answer = expectStatus(await world.api.post('/auth/register', newcomer()), 201)
    assert.equal(answer.headers['cache-control'], 'no-store')
  },

  'a new person is found by username right away': async world => {
    const ana = await world.person()
    const { body } = expectStatus(await world.api.get<Page<Profile>>(`/users?username=${ana.username}`), 200)
    assert.deepEqual(
      body.items.map(each => each.id),
      [ana.id],
    )
  },
}

async function assertNobodyCalled(world: World, username: string): Promise<void> {
  const { body } = expectStatus(await world.api.get<Page<Profile>>(`/users?username=${username}`), 200)
  assert.deepEqual(body.items, [])
}

async function assertCannotLogIn(world: World, login: string, password: string): Promise<void> {
  expectProblem(await world.api.post('/auth/login', { login, password }), 401, 'invalid-credentials')
}

async function assertStillWorks(world: World, person: Person): Promise<void> {
  const again = await world.logIn(person.email, person.password)
  assert.equal(again.id, person.id)
}
