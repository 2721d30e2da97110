import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { halfLife, minus, nothing, plus, rankOf, sumOf, timeOfVoice, voiceAt } from './trending-score.ts'

const hour = 3_600_000
// From 1996 to 2100.
const times = fc.integer({ min: Date.UTC(1996), max: Date.UTC(2100) })
const voices = fc.array(times.map(voiceAt), { minLength: 1, maxLength: 50 })
const isNear = (a: number, b: number) => a === b || Math.abs(a - b) < 1e-9

test('a voice counts half of one that is given half a life later', () => {
  fc.assert(
    fc.property(times, time => {
      assert.ok(isNear(sumOf([voiceAt(time), voiceAt(time)]), voiceAt(time + halfLife)))
      assert.ok(isNear(sumOf(Array(16).fill(voiceAt(time))), voiceAt(time + 24 * hour)))
    }),
  )
})

test('at any moment the order of the sums is the order of the decayed sums', () => {
  fc.assert(
    fc.property(voices, voices, fc.integer({ min: 0, max: 1000 * hour }), (one, other, later) => {
      const now = Math.max(...[...one, ...other].map(timeOfVoice)) + later
      const decayed = (list: number[]) =>
        list.reduce((sum, voice) => sum + 2 ** ((timeOfVoice(voice) - now) / halfLife), 0)
      const [a, b] = [decayed(one), decayed(other)]
      fc.pre(Math.max(a, b) > 1e-300 && Math.abs(a - b) / Math.max(a, b) > 1e-6)
      assert.equal(sumOf(one) > sumOf(other), a > b)
    }),
  )
})

test('sums are the same in whatever order, and never run over or under', () => {
  fc.assert(
    fc.property(voices, list => {
      const sum = sumOf(list)
      assert.ok(Number.isFinite(sum) && sum >= Math.max(...list))
      assert.ok(isNear(sum, sumOf(list.toReversed())))
      assert.ok(isNear(sum, plus(sumOf(list.slice(1)), list[0]!)))
      assert.ok(sum <= Math.max(...list) + Math.log2(list.length) + 1e-9)
    }),
  )
})

test('nothing adds nothing, and what one is more than another makes up for it', () => {
  assert.equal(sumOf([]), nothing)
  assert.equal(plus(nothing, nothing), nothing)
  assert.equal(minus(3, 3), nothing)
  assert.equal(minus(3, nothing), 3)
  fc.assert(
    fc.property(times, fc.integer({ min: hour, max: 10_000 * hour }), (time, later) => {
      const [before, after] = [voiceAt(time), voiceAt(time + later)]
      assert.equal(plus(before, nothing), before)
      assert.ok(isNear(plus(before, minus(after, before)), after))
    }),
  )
})

test('a rank keeps the order and fits a cursor, and a voice tells when it was given', () => {
  fc.assert(
    fc.property(times, times, (one, other) => {
      assert.equal(Math.sign(rankOf(voiceAt(one)) - rankOf(voiceAt(other))), Math.sign(one - other))
      assert.ok(Number.isSafeInteger(rankOf(voiceAt(one) + 40)))
      assert.equal(timeOfVoice(voiceAt(one)), one)
    }),
  )
})
