import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '../contract/index.ts'
import { asking, callBirds, noBird, serveBirds, withKey } from './serve-birds.ts'

test('a call reaches its handler in another process with all that travels with it, and its answer comes back', async () => {
  let seen: unknown
  await using server = await serveBirds({
    sing: ({ word }, context) => {
      const { identity, caller, requestId, traceparent, idempotency, address } = context
      seen = { identity, caller, requestId, traceparent, idempotency, address }
      context.answer.replayed = true
      return { word: `${word} 🐦` }
    },
  })
  await using client = callBirds([server.url])
  const init = {
    identity: { userId: 'user_x', sessionId: 'session_x', roles: ['user'] },
    caller: 'edge',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    address: '10.1.2.3',
    requestId: 'r1',
    idempotency: { owner: 'user_x', operation: 'birds.sing', key: 'k', requestHash: 'abc' },
  } as const
  const context = asking(10_000, init)
  assert.deepEqual(await client.birds.sing({ word: 'hi ü' }, context), { word: 'hi ü 🐦' })
  assert.deepEqual(seen, init)
  assert.equal(context.answer.replayed, true)
})

test('that an account is being erased travels, too: its owner is refused there as here, and the news of it comes back', async () => {
  await using server = await serveBirds({
    sing: ({ word }, context) => {
      context.answer.erasing = true
      return { word }
    },
  })
  await using client = callBirds([server.url])
  const identity = { userId: 'user_x', sessionId: 'session_x', roles: [], erasing: true } as const
  const refused = client.birds.sing({ word: 'hi' }, asking(10_000, { identity, caller: 'edge' }))
  await assert.rejects(refused, (error: { code: string }) => error.code === 'unauthenticated')
  const context = asking(10_000, { identity, caller: 'service' })
  await client.birds.sing({ word: 'hi' }, context)
  assert.equal(context.answer.erasing, true)
})

test('a thousand calls at once travel in a few lists, and each gets its own answer', async () => {
  await using server = await serveBirds({ hear: async ({ word }) => ({ word: `${word}!` }) })
  await using client = callBirds([server.url])
  const words = Array.from({ length: 1_000 }, (_, i) => `word ${i}`)
  const heard = await Promise.all(words.map(word => client.birds.hear({ word }, asking())))
  assert.deepEqual(
    heard.map(each => each.word),
    words.map(word => `${word}!`),
  )
  const text = await client.metrics.registry.metrics()
  assert.match(text, /plaza_rpc_list_calls_count 5\n/)
  assert.match(text, /plaza_rpc_calls_total\{service="birds",outcome="ok"\} 1000\n/)
})

test('a slow call does not hold up the fast ones of its list', async () => {
  const gate = Promise.withResolvers<void>()
  await using server = await serveBirds({
    hear: async input => {
      if (input.word === 'slow') await gate.promise
      return input
    },
  })
  await using client = callBirds([server.url])
  const slow = client.birds.hear({ word: 'slow' }, asking())
  await Promise.all(['a', 'b', 'c'].map(word => client.birds.hear({ word }, asking())))
  gate.resolve()
  assert.deepEqual(await slow, { word: 'slow' })
})

test('a declared failure keeps code, category, message and details; any other says nothing of its cause', async () => {
  await using server = await serveBirds({
    hear: ({ word }) => {
      if (word === 'bug') throw new Error('password=hunter2')
      throw noBird('There is no bird x.', { retryAfter: 3 })
    },
  })
  await using client = callBirds([server.url])
  const known = await client.birds.hear({ word: 'x' }, asking()).catch((error: unknown) => error)
  assert.ok(isAppError(known))
  assert.deepEqual(known.toJSON(), noBird('There is no bird x.', { retryAfter: 3 }).toJSON())
  const bug = await client.birds.hear({ word: 'bug' }, asking()).catch((error: unknown) => error)
  assert.ok(isAppError(bug))
  assert.equal(bug.code, 'internal-error')
  assert.doesNotMatch(JSON.stringify(bug) + String(bug.stack), /hunter2/)
})

test('guards hold as they do locally: what is internal does not exist for the edge, and its input is checked', async () => {
  await using server = await serveBirds()
  await using client = callBirds([server.url])
  const edge = () => asking(10_000, { caller: 'edge' })
  await assert.rejects(client.birds.count({ word: 'x' }, edge()), { code: 'not-found' })
  assert.deepEqual(await client.birds.count({ word: 'x' }, asking()), { word: 'x' })
  await assert.rejects(client.birds.hear({ wort: 'x' } as never, edge()), { code: 'invalid-input' })
})

test('a service nobody hosts is unavailable', async () => {
  await using client = callBirds([])
  await assert.rejects(client.birds.hear({ word: 'x' }, asking()), { code: 'unavailable' })
})

test('a call whose input is no JSON fails alone', async () => {
  await using server = await serveBirds()
  await using client = callBirds([server.url])
  const circular: { word: unknown } = { word: '' }
  circular.word = circular
  const [bad, good] = await Promise.allSettled([
    client.birds.hear(circular as never, asking()),
    client.birds.sing({ word: 'hi' }, withKey('k')),
  ])
  assert.equal(bad.status, 'rejected')
  assert.deepEqual(good, { status: 'fulfilled', value: { word: 'hi' } })
})
