import assert from 'node:assert/strict'
import { test } from 'node:test'
import { subjects } from '../acceptance/subjects.ts'
import { readApiDocument } from './api-document.ts'
import { lines, rows } from './claims.ts'
import { judge } from './judge.ts'
import { faultsOfSentences } from './judge-sentences.ts'
import { sentences } from './sentences.ts'

const document = { rows: ['`GET /a`', '`GET /b`'], text: '| `GET /a` | x |\n| `GET /b` | y |\n`/c`' }
const claims = {
  '`GET /a`': [{ operation: 'GET /a' }],
  '`GET /b`': [{ operation: 'GET /b', later: 'some day' }],
}
const good = {
  digest: '',
  at: 0,
  documented: ['GET /api/v1/a'],
  results: [{ name: 'a is there', passed: true, answered: ['GET /api/v1/a'], refused: [] }],
}

const faults = (...given: Parameters<typeof judge>) => {
  const verdict = judge(...given)
  return [...verdict.faults, ...verdict.rows.flatMap(row => row.operations.flatMap(each => each.fault ?? []))]
}

test('what is claimed and called, and what is later and not there, is fine', () => {
  assert.deepEqual(faults(document, claims, {}, good), [])
  assert.deepEqual(judge(document, claims, {}, good).rows[0]?.operations[0]?.tests, ['a is there'])
})

test('a claimed operation that nobody calls is a fault, and so is one whose only test failed', () => {
  assert.deepEqual(faults(document, claims, {}, { ...good, results: [] }), [
    'is claimed, and no passing test gets an answer from it',
  ])
  const failed = { ...good, results: [{ ...good.results[0]!, passed: false }] }
  assert.equal(faults(document, claims, {}, failed).length, 2)
})

test('being refused is no proof, unless nothing else can be proved here', () => {
  const results = [{ name: 'a', passed: true, answered: [], refused: ['GET /api/v1/a'] }]
  assert.equal(faults(document, claims, {}, { ...good, results }).length, 1)
  const excused = { ...claims, '`GET /a`': [{ operation: 'GET /a', refusedOnly: 'because' }] }
  assert.deepEqual(faults(document, excused, {}, { ...good, results }), [])
  assert.deepEqual(faults(document, excused, {}, good), ['is said only to refuse, and answers'])
})

test('a later operation that is there after all is a fault', () => {
  const documented = [...good.documented, 'GET /api/v1/b']
  assert.deepEqual(faults(document, claims, {}, { ...good, documented }), ['is there after all: claim it'])
  const results = [...good.results, { name: 'b', passed: true, answered: ['GET /api/v1/b'], refused: [] }]
  assert.deepEqual(faults(document, claims, {}, { ...good, results }), ['is there after all: claim it'])
})

test('an operation that no row names, a row without a claim and a claim without a row are faults', () => {
  const documented = [...good.documented, 'GET /api/v1/secret']
  assert.match(
    faults(document, claims, {}, { ...good, documented })[0] ?? '',
    /no row of API.md names: GET \/secret/,
  )
  const more = { ...document, rows: [...document.rows, '`GET /new`'] }
  assert.match(faults(more, claims, {}, good)[0] ?? '', /no claim names: `GET \/new`/)
  const gone = { ...document, rows: ['`GET /a`'] }
  assert.match(faults(gone, claims, {}, good)[0] ?? '', /no such row: `GET \/b`/)
  assert.match(faults(document, claims, { '`/d`': [] }, good)[0] ?? '', /no such line: `\/d`/)
})

test('every row of docs/API.md has its claims, each operation once', async () => {
  const document = await readApiDocument()
  assert.ok(document.rows.length >= 40, String(document.rows.length))
  assert.deepEqual(Object.keys(rows).toSorted(), document.rows.toSorted())
  for (const line of Object.keys(lines)) assert.ok(document.text.includes(line), line)
  const operations = [...Object.values(rows), ...Object.values(lines)].flat().map(each => each.operation)
  assert.equal(new Set(operations).size, operations.length)
})

test('a sentence is proved by a passing test, a file of tests, or comes later; none is left out', () => {
  const text = '# API\n## Conventions\n- One. Two\n  lines.\n## Accounts\n'
  const results = [{ name: 'one is so', passed: true, answered: [], refused: [] }]
  const claimed = [
    { says: 'One.', tests: ['one is so'] },
    { says: 'Two lines.', files: ['test/api-coverage/judge.test.ts'] },
  ]
  const check = (...changes: Parameters<typeof faultsOfSentences>[1]) =>
    faultsOfSentences(text, changes, { results })
  assert.deepEqual(check(...claimed), [])
  assert.deepEqual(check(claimed[0]!, { says: 'Two lines.', later: 'some day' }), [])
  assert.match(check(claimed[0]!)[0] ?? '', /claimed otherwise from here on: {2}?Two lines/)
  assert.match(check(claimed[0]!, { says: 'Two lines.' })[0] ?? '', /nothing proves: Two lines/)
  assert.match(
    check(claimed[0]!, { says: 'Two lines.', files: ['nowhere.ts'] })[0] ?? '',
    /there is no nowhere.ts/,
  )
  const failed = { results: [{ ...results[0]!, passed: false }] }
  assert.match(faultsOfSentences(text, claimed, failed)[0] ?? '', /no passing test is called "one is so"/)
})

test('the claims about the conventions are all of their text, and name tests that there are', async () => {
  const { text } = await readApiDocument()
  const names = Object.values(subjects).flatMap(cases => Object.keys(cases))
  const results = names.map(name => ({ name, passed: true, answered: [], refused: [] }))
  assert.deepEqual(faultsOfSentences(text, sentences, { results }), [])
})
