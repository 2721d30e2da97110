import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { unavailable, unknownOutcome } from '../../contract/kernel-errors.ts'
import { blameOf } from './failures.ts'

const reported = (code: string) => Object.assign(new pg.DatabaseError('no', 2, 'error'), { code })
const lost = () => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })

test('only what PostgreSQL reported of a row is taken apart by halves', () => {
  for (const state of ['22P02', '23505', '23514', '54000', '55P03', 'P0001'])
    assert.equal(blameOf(reported(state)), 'a row', state)
  for (const error of [
    new TypeError('a bug'),
    reported('42601'),
    reported('53100'),
    reported('57014'),
    undefined,
    'text',
  ])
    assert.equal(blameOf(error), 'all')
})

test('what was rolled back for others’ sake is tried again', () => {
  for (const state of ['40001', '40P01']) assert.equal(blameOf(reported(state)), 'the moment', state)
  assert.equal(
    blameOf(unavailable('The event log is being opened.', undefined, reported('23502'))),
    'the moment',
  )
})

test('a connection that was lost proves nothing, one that was never had proves that nothing happened', () => {
  for (const error of [lost(), reported('57P01'), unknownOutcome('It went away.', undefined, lost())])
    assert.equal(blameOf(error), 'the connection')
  for (const cause of [lost(), reported('57P03')])
    assert.equal(blameOf(unavailable('The database is not available.', undefined, cause)), 'all')
})
