import assert from 'node:assert/strict'
import { test } from 'node:test'
import pino from 'pino'
import { unavailable } from '../contract/index.ts'
import { FailureLog } from './failure-log.ts'

test('an outage that many requests meet is told once, with its cause; a surprise is told each time', () => {
  const lines: { level: number; err?: { message: string }; requestId: string }[] = []
  const failures = new FailureLog(pino({ level: 'info' }, { write: line => lines.push(JSON.parse(line)) }))
  const request = (requestId: string) => ({ requestId, method: 'GET', path: '/' })
  for (let i = 0; i < 100; i++) {
    failures.report(
      unavailable('The database is away.', undefined, new Error('ECONNREFUSED')),
      request(`r${i}`),
    )
  }
  assert.deepEqual(
    lines.map(({ level, err, requestId }) => [level, err?.message, requestId]),
    [[40, 'ECONNREFUSED', 'r0']],
  )
  for (const requestId of ['s1', 's2']) failures.report(new TypeError('a bug'), request(requestId))
  assert.deepEqual(
    lines.slice(1).map(({ level, requestId }) => [level, requestId]),
    [
      [50, 's1'],
      [50, 's2'],
    ],
  )
  failures.report(unavailable('Nobody hosts it.'), request('t'))
  assert.equal(lines.length, 3)
})
