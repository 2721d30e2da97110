import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FairQueue } from './fair-queue.ts'

const drained = (queue: FairQueue<string>) => Array.from({ length: queue.size }, () => queue.take())
const queueOf = (entries: readonly string[], most = 50) => {
  const queue = new FairQueue<string>(most)
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

test('one key alone may have every place, and then has no room for more', () => {
  const queue = queueOf(['a1', 'a2'], 3)
  assert.ok(queue.hasRoomFor('a'))
  assert.equal(queue.add('a', 'a3'), undefined)
  assert.ok(!queue.hasRoomFor('a'))
})

test('when all places are taken, the newest of the key that has the most gives way to who has fewer', () => {
  const queue = queueOf(['a1', 'a2', 'a3', 'b1', 'b2'], 5)
  assert.ok(queue.hasRoomFor('c'))
  assert.equal(queue.add('c', 'c1'), 'a3')
  assert.equal(queue.size, 5)
  assert.ok(!queue.hasRoomFor('c'), 'two, two and one are even: a place would only change hands')
  assert.ok(queue.hasRoomFor('d'))
  assert.throws(() => queue.add('c', 'c2'), /no room for c/)
  assert.deepEqual(drained(queue), ['a1', 'b1', 'c1', 'a2', 'b2'])
})

test('one place is never taken from who has only that', () => {
  assert.ok(!queueOf(['a1', 'b1'], 2).hasRoomFor('c'))
})

test('who gives up while all places are taken frees one, for anybody', () => {
  const queue = queueOf(['a1', 'a2', 'b1'], 3)
  queue.delete('a', 'a1')
  assert.equal(queue.add('a', 'a3'), undefined)
  assert.deepEqual(drained(queue), ['a2', 'b1', 'a3'])
})

test('what gives up leaves no trace; giving up twice is giving up once', () => {
  const queue = queueOf(['a1', 'b1', 'b2'])
  queue.delete('a', 'a1')
  queue.delete('a', 'a1')
  queue.delete('b', 'b1')
  queue.delete('b', 'b1')
  assert.equal(queue.size, 1)
  assert.deepEqual(drained(queue), ['b2'])
  assert.equal(queue.take(), undefined)
})

type Step = readonly [what: 'come' | 'take' | 'give up', key: string]

/** Which entries wait under which key, kept beside the queue in the plainest way. */
class Ledger {
  readonly queue: FairQueue<string>
  readonly waiting = new Map<string, string>()
  #came = 0

  constructor(most: number) {
    this.queue = new FairQueue(most)
  }

  countOf(key: string): number {
    return [...this.waiting.values()].filter(each => each === key).length
  }

  /** Of all places, an equal part for each key that wants some. */
  shareWith(key: string, most: number): number {
    return Math.floor(most / new Set([...this.waiting.values(), key]).size)
  }

  come(key: string, most: number): void {
    const share = this.shareWith(key, most)
    if (!this.queue.hasRoomFor(key)) {
      assert.equal(this.waiting.size, most, 'refused while there was room')
      assert.ok(this.countOf(key) >= share, 'refused with fewer than an equal share')
      for (const other of new Set(this.waiting.values()))
        assert.ok(this.countOf(other) <= this.countOf(key) + 1, `${other} had more`)
      return
    }
    const entry = `${key}${++this.#came}`
    const displaced = this.queue.add(key, entry)
    this.waiting.set(entry, key)
    if (displaced === undefined) return
    const loser = this.waiting.get(displaced)!
    assert.ok(this.waiting.delete(displaced), 'displaced what did not wait')
    assert.ok(this.countOf(loser) >= Math.max(share, this.countOf(key)), 'displaced below an equal share')
  }

  leave(entry: string | undefined): void {
    if (entry !== undefined) assert.ok(this.waiting.delete(entry), 'served what did not wait')
  }
}

test('whoever comes and goes: never more than the bound, nothing lost, and an equal share for who wants it', () => {
  const step = fc.tuple(
    fc.constantFrom('come', 'come', 'come', 'take', 'give up'),
    fc.constantFrom('a', 'a', 'a', 'a', 'b', 'b', 'c', 'd', 'e'),
  ) as fc.Arbitrary<Step>
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.array(step, { maxLength: 120 }), (most, steps) => {
      const ledger = new Ledger(most)
      const { queue, waiting } = ledger
      for (const [what, key] of steps) {
        if (what === 'come') ledger.come(key, most)
        else if (what === 'take') ledger.leave(queue.take())
        else {
          const entry = [...waiting].find(each => each[1] === key)?.[0]
          if (entry !== undefined) queue.delete(key, entry)
          ledger.leave(entry)
        }
        assert.ok(queue.size <= most)
        assert.equal(queue.size, waiting.size)
      }
      assert.deepEqual(drained(queue).toSorted(), [...waiting.keys()].toSorted())
    }),
  )
})
