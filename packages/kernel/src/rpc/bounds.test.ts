import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bareServer } from './failing-servers.ts'
import { asking, callBirds, serveBirds } from './serve-birds.ts'

const hi = { word: 'hi' }
const wordsOf = (body: string) => JSON.parse(body).calls.map((call: { operation: string }) => call.operation)

test('long polls have connections of their own, however many there are, and hold up nobody', async () => {
  const gate = Promise.withResolvers<void>()
  let polling = 0
  const allPoll = Promise.withResolvers<void>()
  await using server = await serveBirds({
    watch: async input => {
      if (++polling === 64) allPoll.resolve()
      await gate.promise
      return input
    },
  })
  await using client = callBirds([server.url])
  const polls = Array.from({ length: 100 }, () => client.birds.watch(hi, asking(60_000)))
  await allPoll.promise
  for (let i = 0; i < 100; i++) await client.birds.hear(hi, asking())
  assert.equal(polling, 64)
  gate.resolve()
  assert.equal((await Promise.all(polls)).length, 100)
})

test('connections and waiting calls are bounded: what is too much is refused at once, and what waited in vain never began', async () => {
  await using server = await bareServer(() => {})
  await using client = callBirds([server.url])
  const within = 3_000
  // Each list takes one of the 64 connections, and is never answered.
  const held: Promise<unknown>[] = []
  while (server.requests.length < 64) {
    held.push(client.birds.hear(hi, asking(60_000)).catch(() => {}))
    await new Promise(setImmediate)
  }
  const waiting = Array.from({ length: 10_100 }, () => client.birds.sing(hi, asking(within)))
  const ends = await Promise.allSettled(waiting)
  const codes = ends.map(end => (end as PromiseRejectedResult).reason.code)
  assert.deepEqual([...new Set(codes)].sort(), ['deadline-exceeded', 'overloaded'])
  assert.ok(codes.filter(code => code === 'overloaded').length >= 100)
  assert.equal(server.requests.length, 64)
  assert.ok(server.requests.every(body => wordsOf(body).every((word: string) => word === 'hear')))
  await client.remote.close()
  await Promise.all(held)
})

test('lists are bounded: large inputs travel in several', async () => {
  let sizes: number[] = []
  await using server = await bareServer((socket, body) => {
    sizes.push(body.length)
    const lines = JSON.parse(body).calls.map(
      (call: { id: number }) => `{"id":${call.id},"output":{"word":""}}\n`,
    )
    const text = lines.join('')
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n\r\n${text}`)
  })
  await using client = callBirds([server.url])
  const word = 'x'.repeat(100_000)
  await Promise.all(Array.from({ length: 50 }, () => client.birds.hear({ word }, asking())))
  assert.ok(sizes.length >= 5 && sizes.every(size => size < 1_300_000))
  sizes = []
  await assert.rejects(client.birds.hear({ word: word.repeat(100) }, asking()), { code: 'too-large' })
  assert.deepEqual(sizes, [])
})

test('calls go where the fewest are under way', async () => {
  const gate = Promise.withResolvers<void>()
  const counts = { slow: 0, quick: 0 }
  await using slow = await serveBirds({
    hear: async input => {
      counts.slow++
      await gate.promise
      return input
    },
  })
  await using quick = await serveBirds({
    hear: input => {
      counts.quick++
      return input
    },
  })
  await using client = callBirds([slow.url, quick.url])
  const calls: Promise<unknown>[] = []
  for (let i = 0; i < 50; i++) {
    const call = client.birds.hear(hi, asking())
    calls.push(call)
    // The slow one holds one call; every later one finds the other with none.
    if (counts.slow === 1) await call
    else while (counts.slow + counts.quick < calls.length) await new Promise(setImmediate)
  }
  assert.equal(counts.slow, 1)
  gate.resolve()
  await Promise.all(calls)
})
