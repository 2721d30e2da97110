import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FairQueue } from './fair-queue.ts'

const drained = (queue: FairQueue<string>) => Array.from({ length: queue.size }, () => queue.take())
const queueOf = (entries: readonly string[], most = 50, mostOfOne = 10) => {
  const queue = new FairQueue<string>({ most, mostOfOne })
  for (const entry of entries) queue.add(entry[0]!, entry)
  return queue
}

test('keys take turns, and each has its own entries in the order they came', () => {
  assert.deepEqual(drained(queueOf(['a1', 'a2', 'a3', 'b1', 'c1', 'b2'])), [
    'a1',
    'b1',
    'c1',
    'a2',
    'b2',
    'a3',
  ])
})

test('who was just served and comes again waits behind the others', () => {
  const queue = queueOf(['a1', 'a2', 'b1'])
  assert.equal(queue.take(), 'a1')
  queue.add('a', 'a3')
  assert.deepEqual(drained(queue), ['b1', 'a2', 'a3'])
})

test('one key has room for its share, all together for the whole', () => {
  const queue = queueOf(['a1', 'a2'], 3, 2)
  assert.ok(!queue.hasRoomFor('a'))
  assert.ok(queue.hasRoomFor('b'))
  queue.add('b', 'b1')
  assert.ok(!queue.hasRoomFor('c'))
  assert.equal(queue.take(), 'a1')
  assert.ok(queue.hasRoomFor('a'))
})

test('what gives up leaves no trace; giving up twice is giving up once', () => {
  const queue = queueOf(['a1', 'b1', 'b2'])
  queue.delete('a', 'a1')
  queue.delete('a', 'a1')
  queue.delete('b', 'b1')
  assert.equal(queue.size, 1)
  assert.deepEqual(drained(queue), ['b2'])
  assert.equal(queue.take(), undefined)
})
