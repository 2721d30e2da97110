import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concurrently } from './concurrently.ts'

test('results come in the order of the items, and no more run at once than may', async () => {
  let running = 0
  let most = 0
  const results = await concurrently([5, 1, 3, 2, 4], 2, async n => {
    most = Math.max(most, ++running)
    for (let i = 0; i < n; i++) await Promise.resolve()
    running--
    return n * 10
  })
  assert.deepEqual(results, [50, 10, 30, 20, 40])
  assert.equal(most, 2)
})

test('after the first failure nothing new begins', async () => {
  const begun: number[] = []
  const work = async (n: number) => {
    begun.push(n)
    await new Promise(setImmediate)
    if (n === 1) throw new Error('one fails')
  }
  await assert.rejects(concurrently([1, 2, 3, 4, 5, 6, 7, 8], 2, work), /one fails/)
  for (let i = 0; i < 20; i++) await new Promise(setImmediate)
  assert.ok(begun.length <= 3, `begun: ${begun}`)
})
