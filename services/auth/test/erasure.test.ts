import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Identity } from '@plaza/kernel/call'
import { kernelOf } from '@plaza/kernel/service'
import { type BootedServices, bootServices } from '@plaza/testing'
import { auth } from '../src/contract.ts'
import { authService } from '../src/service.ts'
import {
  asService,
  codeOf,
  edge,
  eventsOf,
  identityIn,
  newPerson,
  password,
  register,
  request,
} from './people.ts'

let plaza: BootedServices
before(async () => {
  plaza = await bootServices([authService])
})
after(() => plaza[Symbol.asyncDispose]())

const lock = (as: Identity) =>
  plaza
    .call(auth)
    .lockForErasure({ id: as.userId, sessionId: as.sessionId as `session_${string}` }, asService())
const erase = (person: Identity['userId']) => plaza.call(kernelOf(auth)).$erasePerson({ person }, asService())
const exportOf = (person: Identity['userId']) =>
  plaza.call(kernelOf(auth)).$exportPerson({ person }, asService())

test('an account locked for erasure is nobody: no log-in, no refresh, no account for others, and its names stay taken', async () => {
  const person = newPerson()
  const ana = await register(plaza, person)
  const { id } = ana.user
  await lock(identityIn(ana))
  const logIn = edge(plaza).login({ login: person.email, password }, request())
  await assert.rejects(logIn, codeOf('invalid-credentials'))
  const refresh = edge(plaza).refresh({ refreshToken: ana.refreshToken }, request())
  await assert.rejects(refresh, codeOf('invalid-refresh-token'))
  assert.deepEqual(await plaza.call(auth).accounts({ ids: [id] }, asService()), [])
  const byName = plaza.call(auth).accountsByUsername({ usernames: [person.username] }, asService())
  assert.deepEqual(await byName, [])
  await assert.rejects(register(plaza, person), codeOf('email-taken'))
  const admin = request({ as: { userId: 'user_x', sessionId: 'session_x', roles: ['admin'] } as never })
  await assert.rejects(edge(plaza).unsuspend({ id }, admin), codeOf('user-not-found'))
  await assert.rejects(edge(plaza).setRoles({ id, roles: ['admin'] }, admin), codeOf('user-not-found'))
  const types = (await eventsOf(plaza, id)).map(each => each.type)
  assert.deepEqual(types, ['registered', 'erasing', 'sessionsEnded'])
})

test('locking twice is once: the session that asked first keeps its sight, also when nothing of the account is left', async () => {
  const person = newPerson()
  const ana = await register(plaza, person)
  const second = await edge(plaza).login({ login: person.email, password }, request())
  const first = identityIn(ana)
  const answers = await Promise.all([lock(first), lock(first), lock(first)])
  for (const answer of answers) assert.equal(answer.sessionId, first.sessionId)
  assert.equal((await lock(identityIn(second))).sessionId, first.sessionId)
  await erase(first.userId)
  assert.equal((await lock(first)).sessionId, first.sessionId)
  const { erasures } = await plaza.call(auth).revocations({}, asService())
  assert.equal(erasures.find(each => each.userId === first.userId)?.sessionId, first.sessionId)
})

test('erasing leaves nothing, frees the names, and asked again finds nothing to do', async () => {
  const person = newPerson()
  const ana = await register(plaza, person)
  const { id } = ana.user
  await edge(plaza).login({ login: person.email, password }, request())
  await assert.rejects(erase(id), 'not without the lock')
  await lock(identityIn(ana))
  assert.deepEqual(await erase(id), { done: true, erased: { session: 2, knownAddress: 1, account: 1 } })
  assert.deepEqual(await erase(id), { done: true, erased: {} })
  assert.deepEqual((await exportOf(id)).records, [])
  assert.equal((await eventsOf(plaza, id)).at(-1)?.type, 'erased')
  const again = await register(plaza, person)
  assert.notEqual(again.user.id, id)
})

test('hundreds of sessions are erased in steps', async () => {
  const ana = await register(plaza)
  const { id } = ana.user
  const owner = await plaza.scratch.connect()
  await owner.query(
    `insert into auth.sessions (id, account_id, token_hash, expires_at)
     select gen_random_uuid(), a.id, 'x', now() from auth.accounts a, generate_series(1, 700) where username = $1`,
    [ana.user.username],
  )
  await lock(identityIn(ana))
  assert.deepEqual(await erase(id), { done: false, erased: { session: 500 } })
  assert.deepEqual(await erase(id), { done: true, erased: { session: 201, account: 1 } })
})

test('the export has the account and its sessions, and no hash of anything', async () => {
  const ana = await register(plaza)
  const { id } = ana.user
  await edge(plaza).login({ login: ana.user.username, password }, request())
  const { records, next } = await exportOf(id)
  assert.equal(next, null)
  assert.deepEqual(
    records.map(each => each.kind),
    ['account', 'knownAddress', 'session', 'session'],
  )
  const account = records[0]!.data as Record<string, unknown>
  assert.equal(account.email, ana.user.email)
  assert.ok(!/hash/i.test(JSON.stringify(records)))
})

test('the only admin cannot go; with another one they can, and of two who go at once one stays', async () => {
  await using alone = await bootServices([authService])
  const people = [await register(alone), await register(alone)].map(identityIn)
  const owner = await alone.scratch.connect()
  const promote = (userId: string) =>
    owner.query(
      `update auth.accounts set roles = '{user,admin}' where id = (select id from auth.accounts where username = (
         select username from auth.accounts a order by a.id offset $1 limit 1))`,
      [userId],
    )
  await promote('0')
  await promote('1')
  const go = (as: Identity) =>
    alone.call(auth).lockForErasure({ id: as.userId, sessionId: as.sessionId as never }, asService())
  const outcomes = await Promise.allSettled(people.map(go))
  const refused = outcomes.filter(each => each.status === 'rejected')
  assert.equal(refused.length, 1)
  assert.equal(refused[0]!.reason.code, 'only-admin')
})
