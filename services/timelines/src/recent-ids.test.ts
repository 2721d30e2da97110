import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PostId } from '@plaza/kernel/contract'
import fc from 'fast-check'
import { aboveInAll, belowInAll, RecentIds } from './recent-ids.ts'

const id = (n: number): PostId => `post_${String(n).padStart(26, '0')}`
const ids = (...numbers: number[]) => numbers.map(id)

function loaded(capacity: number, newestFirst: number[], isAll = true): RecentIds {
  const recent = new RecentIds(capacity)
  recent.load(ids(...newestFirst), isAll)
  return recent
}

test('ids are read newest first below an id, and upwards above one', () => {
  const recent = loaded(10, [5, 4, 3, 2, 1])
  assert.deepEqual(recent.below(undefined, 2), ids(5, 4))
  assert.deepEqual(recent.below(id(3), 9), ids(2, 1))
  assert.deepEqual(recent.above(id(2), 2), ids(3, 4))
  assert.deepEqual(recent.above(id(5), 2), [])
})

test('an id that comes late stands where its time is; one that comes twice stands once', () => {
  const recent = loaded(10, [5, 1])
  for (const n of [9, 3, 9, 7, 3]) recent.insert(id(n))
  assert.deepEqual(recent.below(undefined, 10), ids(9, 7, 5, 3, 1))
})

test('what came while it was loaded is there as well', () => {
  const recent = new RecentIds(10)
  for (const n of [6, 8]) recent.insert(id(n))
  recent.load(ids(7, 6, 5), false)
  assert.deepEqual(recent.below(undefined, 10), ids(8, 7, 6, 5))
  assert.equal(recent.floor, id(5))
})

test('nothing is kept below the floor: there the database knows', () => {
  const recent = loaded(10, [7, 6, 5], false)
  recent.insert(id(4))
  assert.deepEqual(recent.below(undefined, 10), ids(7, 6, 5))
})

test('beyond its capacity the oldest go, and the floor rises above them', () => {
  const recent = loaded(4, [])
  for (let n = 1; n <= 6; n++) recent.insert(id(n))
  assert.deepEqual(recent.below(undefined, 10), ids(6, 5, 4, 3))
  assert.equal(recent.floor, id(3))
})

test('more news than it holds while it was loaded leave no hole below the news', () => {
  const recent = new RecentIds(4)
  for (let n = 10; n <= 15; n++) recent.insert(id(n))
  // The query saw 1 to 11; 10 and 11 had to go, and so 1 to 9 would stand behind a hole.
  recent.load(ids(11, 10, 9, 8), true)
  assert.deepEqual(recent.below(undefined, 10), ids(15, 14, 13, 12))
  assert.equal(recent.floor, id(12))
})

test('a removed id is gone, one that is not there does no harm', () => {
  const recent = loaded(10, [3, 2, 1])
  recent.remove(id(2))
  recent.remove(id(9))
  assert.deepEqual(recent.below(undefined, 10), ids(3, 1))
})

test('what was taken out while it was loaded does not come with the load', () => {
  const recent = new RecentIds(3)
  recent.insert(id(9))
  for (const n of [9, 7]) recent.remove(id(n))
  recent.load(ids(9, 8, 7, 6), false)
  assert.deepEqual(recent.below(undefined, 10), ids(8, 6))
})

test('more that was taken out than it remembers leaves it complete only above that', () => {
  const recent = new RecentIds(2)
  for (const n of [3, 5, 4]) recent.remove(id(n))
  recent.load(ids(7, 6, 5, 2), true)
  assert.deepEqual(recent.below(undefined, 10), ids(7, 6))
  assert.ok(recent.floor > id(5) && recent.floor <= id(6))
})

test('an entry that carries what it stands for is at the place of its id, which alone a cursor names', () => {
  const recent = loaded(10, [1])
  const [two, three]: PostId[] = [`${id(2)}~a`, `${id(3)}~b`]
  for (const each of [three!, two!, three!]) recent.insert(each)
  assert.deepEqual(recent.below(id(3), 9), [two, id(1)])
  assert.deepEqual(recent.below(three, 9), [two, id(1)])
  assert.deepEqual(recent.above(id(2), 9), [three])
  assert.deepEqual(recent.above(two!, 9), [three])
  assert.deepEqual(recent.above(id(1), 9), [two, three])
  recent.remove(two!)
  assert.deepEqual(recent.below(undefined, 9), [three, id(1)])
})

test('whatever comes and goes: it holds exactly what the list has from the floor upwards', () => {
  const step = fc.record({ n: fc.integer({ min: 1, max: 60 }), removes: fc.boolean() })
  fc.assert(
    fc.property(
      fc.array(step),
      fc.array(step),
      fc.integer({ min: 1, max: 10 }),
      fc.nat({ max: 10 }),
      (before, after, capacity, seenAt) => {
        const recent = new RecentIds(capacity)
        const list = new Set<PostId>()
        // The query that loads it sees what the list was at one of these moments.
        let snapshot: PostId[] = []
        for (const [i, { n, removes }] of before.entries()) {
          if (i === Math.min(seenAt, before.length - 1)) snapshot = [...list]
          if (removes) list.delete(id(n))
          else list.add(id(n))
          if (removes) recent.remove(id(n))
          else recent.insert(id(n))
        }
        recent.load(snapshot.sort().reverse(), true)
        for (const { n, removes } of after) {
          if (removes) recent.remove(id(n))
          else recent.insert(id(n))
          if (removes) list.delete(id(n))
          else list.add(id(n))
        }
        const expected = [...list].filter(each => each >= recent.floor).sort()
        assert.deepEqual(recent.above('', 1_000), expected)
        assert.deepEqual(recent.below(undefined, 1_000), expected.reverse())
        assert.ok(recent.size <= capacity * 1.25 + 1)
      },
    ),
  )
})

test('several lists are read as one, each id once', () => {
  const lists = [loaded(10, [9, 5, 1]), loaded(10, [8, 5, 2]), loaded(10, [])]
  assert.deepEqual(belowInAll(lists, undefined, 4), ids(9, 8, 5, 2))
  assert.deepEqual(belowInAll(lists, id(5), 4), ids(2, 1))
  assert.deepEqual(aboveInAll(lists, id(1), 3), ids(2, 5, 8))
})
