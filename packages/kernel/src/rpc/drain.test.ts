import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asking, callBirds, serveBirds } from './serve-birds.ts'

const hi = { word: 'hi' }

test('a server that closes lets running calls finish and begins no new ones', async () => {
  const begun = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  let effects = 0
  await using server = await serveBirds({
    sing: async input => {
      effects++
      begun.resolve()
      await gate.promise
      return input
    },
  })
  await using client = callBirds([server.url])
  // An idle connection that the next call would use.
  await client.birds.hear(hi, asking())
  const running = client.birds.sing(hi, asking())
  await begun.promise
  await client.birds.hear(hi, asking())
  const closing = server.server.close(20_000)
  await assert.rejects(client.birds.sing(hi, asking()), { code: 'unavailable' })
  gate.resolve()
  assert.deepEqual(await running, hi)
  await closing
  assert.equal(effects, 1)
})

test('closing one of two servers under load loses no call, and none happens twice', async () => {
  const effects = new Map<string, number>()
  const handlers = {
    sing: async (input: { word: string }) => {
      effects.set(input.word, (effects.get(input.word) ?? 0) + 1)
      await new Promise(setImmediate)
      return input
    },
  }
  await using one = await serveBirds(handlers)
  await using two = await serveBirds(handlers)
  await using client = callBirds([one.url, two.url])
  let calls = 0
  let isOver = false
  const ask = async () => {
    while (!isOver) await client.birds.sing({ word: `${++calls}` }, asking())
  }
  const load = Array.from({ length: 32 }, ask)
  while (calls < 1_000) await new Promise(setImmediate)
  await one.server.close(20_000)
  const before = calls
  while (calls < before + 1_000) await new Promise(setImmediate)
  isOver = true
  await Promise.all(load)
  assert.equal(effects.size, calls)
  assert.ok([...effects.values()].every(count => count === 1))
})

test('what has not ended within the time is cut off', async () => {
  const begun = Promise.withResolvers<void>()
  await using server = await serveBirds({
    hear: () => {
      begun.resolve()
      return new Promise<never>(() => {})
    },
  })
  await using client = callBirds([server.url])
  const running = client.birds.hear(hi, asking())
  await begun.promise
  await Promise.all([assert.rejects(running, { code: 'unavailable' }), server.server.close(50)])
})

test('a client that closes lets its callers go', async () => {
  const begun = Promise.withResolvers<void>()
  await using server = await serveBirds({
    sing: () => {
      begun.resolve()
      return new Promise<never>(() => {})
    },
  })
  const client = callBirds([server.url])
  const running = client.birds.sing(hi, asking())
  await begun.promise
  await Promise.all([assert.rejects(running, { code: 'unknown-outcome' }), client.remote.close()])
  await assert.rejects(client.birds.hear(hi, asking()), { code: 'unavailable' })
})
