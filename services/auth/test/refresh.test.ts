import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { toUuid } from '@plaza/kernel/data'
import { type BootedServices, bootServices } from '@plaza/testing'
import { auth } from '../src/contract.ts'
import { authService } from '../src/service.ts'
import { asService, codeOf, edge, eventsOf, identityIn, newPerson, register, request } from './people.ts'

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

const refresh = (refreshToken: string, context = request()) => edge(plaza).refresh({ refreshToken }, context)
const sessionOf = (tokens: { accessToken: string }) => toUuid(identityIn(tokens).sessionId)
const isInvalid = codeOf('invalid-refresh-token')

test('a refresh token is changed for new tokens of the same session', async () => {
  const first = await register(plaza)
  const second = await refresh(first.refreshToken)
  const third = await refresh(second.refreshToken)
  assert.equal(new Set([first, second, third].map(each => each.refreshToken)).size, 3)
  assert.deepEqual(identityIn(third), identityIn(first))
})

test('any instance changes it', async () => {
  const first = await register(plaza)
  const second = await edge(beside).refresh({ refreshToken: first.refreshToken }, request())
  assert.ok(await refresh(second.refreshToken))
})

test('an old one used again ends the session, for the thief and for the owner, and is told as an event', async () => {
  const first = await register(plaza)
  const second = await refresh(first.refreshToken)
  const third = await refresh(second.refreshToken)
  await assert.rejects(refresh(first.refreshToken), isInvalid)
  await assert.rejects(refresh(third.refreshToken), isInvalid)
  assert.deepEqual(await eventsOf(plaza, first.user.id), [
    { type: 'registered', data: { userId: first.user.id } },
    { type: 'sessionEnded', data: { userId: first.user.id, sessionId: identityIn(first).sessionId } },
  ])
  const { sessions } = await plaza.call(auth).revocations({}, asService())
  assert.ok(sessions.some(session => session.id === identityIn(first).sessionId))
})

test('a request repeated at once, for its answer was lost, gets the same successor', async () => {
  const first = await register(plaza)
  const answers = await Promise.all([1, 2, 3, 4].map(() => refresh(first.refreshToken)))
  assert.equal(new Set(answers.map(answer => answer.refreshToken)).size, 1)
  assert.ok(await refresh(answers[0]!.refreshToken))
})

test('ten seconds later the same is a theft', async () => {
  const first = await register(plaza)
  const second = await refresh(first.refreshToken)
  await age(first, '11 seconds')
  await assert.rejects(refresh(first.refreshToken), isInvalid)
  await assert.rejects(refresh(second.refreshToken), isInvalid)
})

test('with its Idempotency-Key the very same request may come much later', async () => {
  const first = await register(plaza)
  const again = () => request({ key: ['refresh-1', 'auth.refresh', first.refreshToken] })
  const second = await refresh(first.refreshToken, again())
  await age(first, '1 hour')
  const context = again()
  assert.deepEqual(await refresh(first.refreshToken, context), second)
  assert.equal(context.answer.replayed, true)
  assert.ok(await refresh(second.refreshToken), 'the session lives')
})

test('a token that somebody made up ends nothing', async () => {
  const first = await register(plaza)
  const bytes = Buffer.from(first.refreshToken, 'base64url')
  bytes.fill(7, 16, 48)
  for (const made of [bytes.toString('base64url'), 'x', first.accessToken.slice(0, 86)])
    await assert.rejects(refresh(made), isInvalid)
  assert.ok(await refresh(first.refreshToken))
})

test('a session nobody used for thirty days is over', async () => {
  const first = await register(plaza)
  const owner = await plaza.scratch.connect()
  const { rows } = await owner.query(
    `update auth.sessions set expires_at = expires_at - interval '30 days' where id = $1 returning expires_at <= now() as over`,
    [sessionOf(first)],
  )
  assert.equal(rows[0].over, true)
  await assert.rejects(refresh(first.refreshToken), isInvalid)
})

test('log-out ends this session, once, and no other', async () => {
  const person = newPerson()
  const first = await register(plaza, person)
  const second = await edge(plaza).login({ login: person.email, password: person.password }, request())
  const as = identityIn(first)
  await edge(plaza).logout({}, request({ as }))
  await edge(plaza).logout({}, request({ as }))
  await assert.rejects(refresh(first.refreshToken), isInvalid)
  assert.ok(await refresh(second.refreshToken))
  const ends = (await eventsOf(plaza, first.user.id)).filter(event => event.type === 'sessionEnded')
  assert.deepEqual(
    ends.map(event => event.data.sessionId),
    [as.sessionId],
  )
})

test("nobody logs out somebody else's session", async () => {
  const [ana, ben] = [await register(plaza), await register(plaza)]
  const as = { ...identityIn(ana), sessionId: identityIn(ben).sessionId }
  await edge(plaza).logout({}, request({ as }))
  assert.ok(await refresh(ben.refreshToken))
})

async function age(session: { accessToken: string }, by: string) {
  const owner = await plaza.scratch.connect()
  await owner.query('update auth.sessions set rotated_at = rotated_at - $2::interval where id = $1', [
    sessionOf(session),
    by,
  ])
}
