import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openSquare, type Square } from './square.ts'

let square: Square
before(async () => {
  square = await openSquare()
  const ana = await square.person('ana', 'Ana')
  await square.posts.addMany(
    ['The bread of the day', 'x'.repeat(5_000), '🍞 today', 'odd one', 'odd two', '#'.repeat(100)].map(
      text => ({
        author: ana,
        text,
      }),
    ),
  )
  await square.caughtUp()
})
after(() => square.close())

const odd = [
  'the',
  'the of and',
  '"',
  '""',
  '"unclosed bread',
  '-',
  '- -',
  '-bread',
  'OR',
  'or OR or',
  'bread OR',
  'OR -bread',
  '& | ! ( ) <->',
  "'; drop table documents; --",
  ':*',
  '\\',
  "'\\'",
  '%_',
  '\u202e',
  '@',
  '#',
  '@@ana',
  '# #',
  'a'.repeat(200),
  'あ'.repeat(200),
  'a '.repeat(100),
  '"a b" '.repeat(33),
  '-a '.repeat(66),
  'ﷺ'.repeat(200),
  '¨'.repeat(200),
  '\u0301'.repeat(200),
]
for (const type of ['posts', 'users'] as const) {
  test(`whatever is searched for among ${type}, there is an answer`, async () => {
    for (const q of odd) {
      const { items } = await square.edge.search({ q, type }, square.asClient())
      assert.ok(Array.isArray(items), q)
    }
  })
}

test('stop words find what has them, pictures are words, a word of 5,000 letters is found by its beginning', async () => {
  assert.deepEqual(await square.find('the'), ['The bread of the day'])
  assert.deepEqual(await square.find('of the'), ['The bread of the day'])
  assert.deepEqual(await square.find('🍞'), ['🍞 today'])
  assert.deepEqual(await square.find('x'.repeat(200)), ['x'.repeat(5_000)])
  for (const q of ['-bread', '"', 'OR', '-', '& | !']) assert.deepEqual(await square.find(q), [])
})

test('what is too long, empty or of another kind is refused', async () => {
  const refused = (input: object, expected: object) =>
    assert.rejects(square.edge.search(input as { q: string }, square.asClient()), expected)
  const invalid = { code: 'invalid-input' }
  await refused({ q: '' }, invalid)
  await refused({}, invalid)
  await refused({ q: 'x'.repeat(201) }, invalid)
  await refused({ q: 'a\0b' }, invalid)
  await refused({ q: 'word '.repeat(10_000) }, invalid)
  await refused({ q: 'x', type: 'orders' }, invalid)
  await refused({ q: 'x', limit: 101 }, invalid)
  await refused({ q: 'x', sort: 'new' }, invalid)
  await refused({ q: 'x', type: 'products' }, { code: 'not-searchable-yet', category: 'invalid' })
})

test('a cursor of another search, of people, or made up is refused', async () => {
  const { nextCursor } = await square.postsPage('odd', { limit: 1 })
  const cursor = nextCursor!
  assert.equal((await square.postsPage('odd', { limit: 1, cursor })).items.length, 1)
  const expected = { code: 'invalid-cursor' }
  await assert.rejects(square.postsPage('odder', { cursor }), expected)
  await assert.rejects(square.peoplePage('odd', { cursor }), expected)
  await assert.rejects(square.postsPage('odd', { cursor: `${cursor}x` }), expected)
  await assert.rejects(square.postsPage('"', { cursor }), expected)
})
