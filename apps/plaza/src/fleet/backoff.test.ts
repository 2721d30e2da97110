import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextPause } from './backoff.ts'

test('who keeps dying is started ever more slowly, up to half a minute', () => {
  const pauses: number[] = []
  while (pauses.length < 12) pauses.push(nextPause(pauses.at(-1) ?? 0, 50))
  assert.deepEqual(pauses.slice(0, 4), [100, 200, 400, 800])
  assert.equal(pauses.at(-1), 30_000)
  assert.ok(pauses.every((pause, i) => i === 0 || pause >= pauses[i - 1]!))
})

test('who ran well is started again at once', () => {
  assert.equal(nextPause(30_000, 20_000), 100)
  assert.equal(nextPause(30_000, 19_999), 30_000)
})
