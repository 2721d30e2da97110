import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { hash } from '@node-rs/bcrypt'
import { newContext } from '@plaza/kernel/call'
import { makeMetrics } from '@plaza/kernel/telemetry'
import { PasswordHasher } from './password-hasher.ts'

const metrics = makeMetrics()
const hasherOf = (atOnce: number, waiting: number, cost = 10) =>
  new PasswordHasher({ cost, atOnce, waiting, metrics })
const within = (ms: number, address?: string) =>
  newContext({ requestId: 'test', deadline: Date.now() + ms, address })
const codeOf = (code: string) => (error: { code?: string }) => error.code === code

test('a password matches its hash and no other', async () => {
  const hasher = hasherOf(2, 10)
  const kept = await hasher.hash('correct horse', within(5_000))
  assert.deepEqual(await hasher.compare('correct horse', kept, within(5_000)), {
    matches: true,
    renewed: undefined,
  })
  assert.equal((await hasher.compare('correct horsf', kept, within(5_000))).matches, false)
})

test('nobody has a password that matches, not even the empty one', async () => {
  const hasher = hasherOf(1, 10)
  for (const password of ['', 'anything', '.'.repeat(31)])
    assert.equal((await hasher.compare(password, undefined, within(5_000))).matches, false)
})

test('a password is the same however the keyboard composes its letters', async () => {
  const hasher = hasherOf(1, 10)
  const kept = await hasher.hash('z\u030celezniška', within(5_000))
  assert.ok((await hasher.compare('\u017eelezniška', kept, within(5_000))).matches)
})

test('a hash of another cost is renewed when its password comes by', async () => {
  const hasher = hasherOf(1, 10, 11)
  const { matches, renewed } = await hasher.compare(
    'correct horse',
    await hash('correct horse', 10),
    within(9_000),
  )
  assert.ok(matches)
  assert.match(renewed!, /^\$2[aby]\$11\$/)
  assert.ok((await hasher.compare('correct horse', renewed, within(9_000))).matches)
})

test('of many at once a few run, some wait, and the rest are told to come back', async () => {
  const hasher = hasherOf(1, 3)
  const outcomes = await Promise.allSettled(
    Array.from({ length: 10 }, () => hasher.hash('x', within(20_000))),
  )
  const refused = outcomes.filter(each => each.status === 'rejected').map(each => each.reason)
  assert.equal(refused.length, 6)
  for (const error of refused) {
    assert.equal(error.code, 'overloaded')
    assert.ok(error.details.retryAfter >= 1)
  }
  assert.ok(await hasher.hash('x', within(5_000)), 'afterwards there is room again')
})

test('who waits beyond the deadline goes away, and leaves the place to others', async () => {
  const hasher = hasherOf(1, 1)
  const running = hasher.hash('x', within(9_000))
  await assert.rejects(hasher.hash('late', within(5)), codeOf('deadline-exceeded'))
  const next = hasher.hash('x', within(9_000))
  await Promise.all([running, next])
  await assert.rejects(hasher.hash('over', within(-1)), codeOf('deadline-exceeded'))
})

const codesIn = (outcomes: readonly PromiseSettledResult<unknown>[]) =>
  outcomes.flatMap(each => (each.status === 'rejected' ? [each.reason.code] : []))

test('one network alone may have every place', async () => {
  const hasher = hasherOf(1, 50, 4)
  const outcomes = await Promise.allSettled(
    Array.from({ length: 60 }, () => hasher.hash('x', within(60_000, '192.0.2.7'))),
  )
  assert.deepEqual(codesIn(outcomes), Array(9).fill('overloaded'))
})

test('a flood from one network keeps nobody else out, nor waiting', async () => {
  const hasher = hasherOf(1, 50, 4)
  const done: string[] = []
  const ask = (address: string | undefined, name: string) =>
    hasher.hash('x', within(60_000, address)).then(() => done.push(name))
  // One customer's IPv6 network has 2^64 addresses: they are one all the same.
  const flood = Array.from({ length: 200 }, (_, i) => ask(`2001:db8::${i + 1}`, 'flood'))
  const others = [ask('192.0.2.7', 'ana'), ask(undefined, 'our own')]
  const outcomes = await Promise.allSettled(flood)
  await Promise.all(others)
  // Of the 50 that waited the newest two gave way.
  assert.deepEqual(
    outcomes.map(each => each.status === 'fulfilled'),
    Array.from({ length: 200 }, (_, i) => i < 49),
  )
  assert.deepEqual(codesIn(outcomes), Array(151).fill('overloaded'))
  assert.deepEqual(done.slice(0, 4), ['flood', 'flood', 'ana', 'our own'])
})

test('work of our own, which has no address, gives way like a network', async () => {
  const hasher = hasherOf(1, 3, 4)
  const own = Array.from({ length: 4 }, () => hasher.hash('x', within(60_000)))
  const ana = hasher.hash('x', within(60_000, '192.0.2.7'))
  assert.deepEqual(codesIn(await Promise.allSettled([...own, ana])), ['overloaded'])
  assert.ok(await ana)
})

test('who has to give way is told at once, and when to come back', async () => {
  const hasher = hasherOf(1, 3)
  const outcomes = Array.from({ length: 4 }, () => hasher.hash('x', within(60_000, '192.0.2.7')))
  const ana = hasher.hash('x', within(60_000, '192.0.2.8'))
  const first = await Promise.race([
    outcomes[0]!.then(() => 'the first hash is done'),
    outcomes[3]!.catch((error: { code: string; details: { retryAfter: number } }) => error),
  ])
  assert.ok(typeof first === 'object', 'waited for a hash')
  assert.equal(first.code, 'overloaded')
  assert.ok(first.details.retryAfter >= 1)
  await Promise.all([ana, ...outcomes.slice(0, 3)])
  assert.ok(await hasher.hash('x', within(60_000, '192.0.2.7')), 'afterwards there is room again')
})

test('who gave way leaves nothing behind, and frees no second place by giving up afterwards', async () => {
  const hasher = hasherOf(1, 2, 4)
  const address = '192.0.2.7'
  const client = new AbortController()
  const running = hasher.hash('x', within(60_000, address))
  const waits = hasher.hash('x', within(60_000, address))
  const displaced = hasher.hash('x', { ...within(60_000, address), signal: client.signal })
  const others = hasher.hash('x', within(60_000, '192.0.2.8'))
  await assert.rejects(displaced, codeOf('overloaded'))
  assert.equal(getEventListeners(client.signal, 'abort').length, 0)
  client.abort()
  await Promise.all([running, waits, others])
  const outcomes = await Promise.allSettled(
    Array.from({ length: 5 }, () => hasher.hash('x', within(60_000, address))),
  )
  assert.deepEqual(codesIn(outcomes), ['overloaded', 'overloaded'])
})

test('many networks together have no more places than there are', async () => {
  const hasher = hasherOf(1, 6)
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, (_, i) => hasher.hash('x', within(60_000, `192.0.2.${i % 10}`))),
  )
  assert.equal(outcomes.filter(each => each.status === 'fulfilled').length, 7)
})
