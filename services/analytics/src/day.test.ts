import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dayOf, isDay } from './day.ts'

test('a day ends at midnight in UTC', () => {
  assert.equal(dayOf(new Date('2026-01-31T23:59:59.999Z')), '2026-01-31')
  assert.equal(dayOf(new Date('2026-01-31T23:59:59.999-01:00')), '2026-02-01')
})

test('a day is one that the calendar has', () => {
  for (const day of ['2026-01-31', '2024-02-29', '0001-01-01', '9999-12-31']) assert.ok(isDay(day), day)
  for (const day of ['2026-02-29', '2026-13-01', '2026-00-10', '2026-04-31', '0000-01-01'])
    assert.ok(!isDay(day), day)
})
