import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PostId, UserId } from '@plaza/kernel/contract'
import fc from 'fast-check'
import { postOf, repostEntry } from './entries.ts'
import { findRepeated, repeatedIn } from './once.ts'
import { RecentIds } from './recent-ids.ts'

const post = (n: number): PostId => `post_${String(n).padStart(26, '0')}`
const person = (n: number): UserId => `user_${String(n).padStart(26, '0')}`
const repost = (n: number, of: number, by = 1) => repostEntry(post(n), post(of), person(by))
const nobody = () => false
const options = { among: 4, ignores: nobody }

test('a repost is left out when its post, or a repost of it, stands among the entries below it', () => {
  const window = [repost(9, 1), repost(8, 1), post(7), post(6), post(1)]
  assert.deepEqual([...repeatedIn(window, options)].sort(), [repost(8, 1), repost(9, 1)])
  const further = [repost(9, 1), post(8), post(7), post(6), post(1)]
  assert.deepEqual([...repeatedIn(further, options)], [])
})

test('a repost by somebody whose reposts are not shown keeps no other away', () => {
  const window = [repost(9, 1, 2), repost(8, 1, 3), post(7)]
  assert.deepEqual([...repeatedIn(window, { among: 4, ignores: id => id === person(3) })], [])
})

test('what is left out is the same whatever part of a list is looked at, and from wherever it is read', async () => {
  const entry = fc.record({ of: fc.nat({ max: 5 }), isRepost: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(
      fc.array(entry, { maxLength: 40 }),
      fc.nat({ max: 40 }),
      fc.nat({ max: 40 }),
      fc.boolean(),
      async (made, from, length, isLate) => {
        const list = made
          .map(({ of, isRepost }, i) => (isRepost ? repost(100 + i, of) : post(100 + i)))
          .reverse()
        const expected = new Set(
          list.filter(
            (each, i) =>
              each.length > 31 &&
              list.slice(i + 1, i + options.among).some(other => postOf(other) === postOf(each)),
          ),
        )
        const recent = new RecentIds(1_000)
        recent.load(list, true)
        const older = (before: PostId | undefined, count: number) => recent.below(before, count)
        const source = {
          older: (before: PostId | undefined, count: number) =>
            isLate ? Promise.resolve(older(before, count)) : older(before, count),
          newer: () => [],
        }
        const part = list.slice(from, from + length)
        const wanted = part.filter(each => expected.has(each))
        // Upwards a chunk lacks what its reader has seen.
        const upwards = part.toReversed()
        for (const chunk of [part, upwards, upwards.filter((_, i) => i % 3 !== 1)]) {
          const found = await findRepeated(source, chunk, options)
          assert.deepEqual(
            chunk.filter(each => found.has(each)).sort(),
            wanted.filter(each => chunk.includes(each)).sort(),
          )
        }
      },
    ),
  )
})
