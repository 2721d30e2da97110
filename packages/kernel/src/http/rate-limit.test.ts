import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { limitedPart, RateLimit } from './rate-limit.ts'

test('the whole quota may come at once, then one request each interval', () => {
  const limit = new RateLimit({ quota: 3, window: 3_000 })
  assert.deepEqual(limit.take('ana', 10_000), { allowed: true, left: 2, seconds: 1 })
  assert.deepEqual(limit.take('ana', 10_000), { allowed: true, left: 1, seconds: 2 })
  assert.deepEqual(limit.take('ana', 10_000), { allowed: true, left: 0, seconds: 3 })
  assert.deepEqual(limit.take('ana', 10_000), { allowed: false, left: 0, seconds: 1 })
  assert.equal(limit.take('ana', 10_999).allowed, false)
  assert.equal(limit.take('ana', 11_000).allowed, true)
  assert.equal(limit.take('ana', 11_000).allowed, false)
  assert.equal(limit.take('ben', 11_000).allowed, true)
})

test('no window of time ever sees more than twice the quota, nor the long run more than the quota', () => {
  const steps = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 300 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), steps, (quota, waits) => {
      const limit = new RateLimit({ quota, window: 1_000 })
      const start = 1_000_000
      let now = start
      const taken: number[] = []
      for (const wait of waits) {
        now += wait
        if (limit.take('k', now).allowed) taken.push(now)
      }
      for (const at of taken) {
        const inWindow = taken.filter(each => each >= at && each < at + 1_000).length
        assert.ok(inWindow <= 2 * quota)
      }
      assert.ok(taken.length <= quota + (quota * (now - start)) / 1_000 + 1e-6)
    }),
  )
})

test('a debt outlives the turn of generations, and what is paid is forgotten', () => {
  const limit = new RateLimit({ quota: 2, window: 1_000 })
  limit.take('ana', 1_900)
  limit.take('ana', 1_900)
  assert.equal(limit.take('ben', 2_950).allowed, true) // turns
  assert.equal(limit.take('cleo', 4_000).allowed, true) // turns again: ana's entry goes
  assert.equal(limit.keys, 2)
  limit.take('dan', 5_100)
  limit.take('dan', 5_100)
  assert.equal(limit.take('eve', 5_101).allowed, true)
  assert.equal(limit.take('dan', 5_102).allowed, false)
})

test('keys are bounded however many come', () => {
  const limit = new RateLimit({ quota: 2, window: 60_000, maxKeys: 100 })
  for (let i = 0; i < 10_000; i++) limit.take(`k${i}`, 1_000)
  assert.ok(limit.keys <= 200)
})

test('an IPv6 customer is a network, not an address', () => {
  assert.equal(limitedPart('203.0.113.7'), '203.0.113.7')
  assert.equal(limitedPart('::ffff:203.0.113.7'), '203.0.113.7')
  assert.equal(limitedPart('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2')
  assert.equal(limitedPart('2001:db8:1:2::9'), '2001:db8:1:2')
  assert.equal(limitedPart('2001:db8::9'), '2001:db8:0:0')
  assert.equal(limitedPart('::1'), '0:0:0:0')
  assert.equal(limitedPart('fe80::1%eth0'), 'fe80:0:0:0')
})
