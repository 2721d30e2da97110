import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { PageOf } from '../../contract/schemas.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import { mapPage, type PageRequest, pagedList, type Slice } from './paged-list.ts'

const keys = { score: 'int4', id: 'uuid' } as const
interface Row {
  readonly score: number
  readonly id: string
}

const list = pagedList('test.rows', keys)

/** Highest score first, then highest id: what an index would give. */
const inOrder = (a: Row, b: Row) => b.score - a.score || (a.id < b.id ? 1 : -1)

/** Reads the slice as SQL would: strictly beyond the key, nearest first. */
function over(rows: readonly Row[]) {
  return async ({ towards, from, limit }: Slice<typeof keys>) => {
    const sorted = rows.toSorted(inOrder)
    const beyond = sorted.filter(
      row => from === undefined || (towards === 'next' ? inOrder(from, row) < 0 : inOrder(from, row) > 0),
    )
    const other = beyond.filter(row => from === undefined || row.id !== from.id || row.score !== from.score)
    return (towards === 'next' ? other : other.toReversed()).slice(0, limit)
  }
}

const read = (rows: readonly Row[], request: PageRequest) => list.read(request, over(rows))

const someRows = fc.uniqueArray(fc.record({ score: fc.integer({ min: 0, max: 4 }), id: fc.uuid() }), {
  selector: row => row.id,
  maxLength: 40,
})

test('walking to the end and back gives every row once each way, in order', async () => {
  await fc.assert(
    fc.asyncProperty(someRows, fc.integer({ min: 1, max: 7 }), async (rows, limit) => {
      const forth: Row[] = []
      let page: PageOf<Row> = await read(rows, { limit })
      forth.push(...page.items)
      while (page.nextCursor !== null) {
        page = await read(rows, { limit, cursor: page.nextCursor })
        assert.ok(page.items.length > 0, 'a next page that was promised is not empty')
        forth.push(...page.items)
      }
      assert.deepEqual(forth, rows.toSorted(inOrder))
      let back: Row[] = [...page.items]
      while (page.prevCursor !== null) {
        page = await read(rows, { limit, cursor: page.prevCursor })
        if (page.items.length === 0) break
        back = [...page.items, ...back]
      }
      assert.deepEqual(back, forth)
    }),
  )
})

test('asking the first page again and again for what is new gives every new row once, oldest page first', async () => {
  await fc.assert(
    fc.asyncProperty(someRows, fc.integer({ min: 1, max: 7 }), async (rows, limit) => {
      const sorted = rows.toSorted(inOrder)
      const known = sorted.slice(Math.floor(sorted.length / 2))
      let page = await read(known, { limit })
      const news: Row[] = []
      const knownFirst = known.length > 0
      while (knownFirst) {
        page = await read(rows, { limit, cursor: page.prevCursor! })
        if (page.items.length === 0) break
        news.unshift(...page.items)
      }
      assert.deepEqual(news, knownFirst ? sorted.slice(0, sorted.length - known.length) : [])
      if (knownFirst) {
        const still = await read(rows, { limit, cursor: page.prevCursor! })
        assert.deepEqual(still, { items: [], nextCursor: page.nextCursor, prevCursor: page.prevCursor })
      }
    }),
  )
})

test('from any page, next and prev meet at its edges', async () => {
  const rows = Array.from({ length: 10 }, (_, i) => ({
    score: i,
    id: `00000000-0000-0000-0000-00000000000${i}`,
  }))
  const first = await read(rows, { limit: 3 })
  const second = await read(rows, { limit: 3, cursor: first.nextCursor! })
  const firstAgain = await read(rows, { limit: 3, cursor: second.prevCursor! })
  assert.deepEqual(firstAgain, first)
  assert.deepEqual(await read(rows, { limit: 3, cursor: firstAgain.nextCursor! }), second)
})

test('an empty list has no cursors, and 20 rows are a page when nobody says otherwise', async () => {
  assert.deepEqual(await read([], {}), { items: [], nextCursor: null, prevCursor: null })
  const rows = Array.from({ length: 25 }, (_, i) => ({
    score: i,
    id: '00000000-0000-0000-0000-000000000000',
  }))
  assert.equal((await read(rows, {})).items.length, 20)
})

test('every key comes back from its cursor, and no cursor needs more than 500 characters', () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.uuid(),
      fc.constantFrom('next' as const, 'prev' as const),
      (n, id, towards) => {
        const types = { n: 'int8', id: 'uuid', t: 'text' } as const
        const place = { towards, from: { n, id, t: 'Zürich "→" 🎈' } }
        const cursor = encodeCursor('a', types, place)
        assert.deepEqual(decodeCursor('a', types, cursor), place)
        assert.match(cursor, /^[\w-]{1,500}$/)
      },
    ),
  )
})

test('a cursor that was edited, cut, made up, or belongs to another list or scope is refused', async () => {
  const from = { score: 1, id: '00000000-0000-0000-0000-000000000000' }
  const rows = [from, { ...from, score: 0 }]
  const { nextCursor } = await list.read({ limit: 1 }, over(rows), 'mine')
  const cursor = nextCursor!
  const refused = async (text: string, scope = 'mine') =>
    assert.rejects(list.read({ cursor: text }, over(rows), scope), { code: 'invalid-cursor' }, text)
  assert.equal((await list.read({ cursor }, over(rows), 'mine')).items.length, 1)
  await refused(cursor, 'yours')
  await assert.rejects(pagedList('test.other', keys).read({ cursor }, over(rows), 'mine'), {
    code: 'invalid-cursor',
  })
  for (let i = 0; i < cursor.length; i++) {
    await refused(cursor.slice(0, i) + (cursor[i] === 'A' ? 'B' : 'A') + cursor.slice(i + 1))
    await refused(cursor.slice(0, i))
  }
  await fc.assert(fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 600 }), text => refused(text)))
})

test('values of another type than the key are refused even with a right check', () => {
  const forge = (values: unknown) =>
    encodeCursor('a', { x: 'text' }, { towards: 'next', from: { x: values as string } })
  for (const [type, value] of [
    ['uuid', 'no'],
    ['uuid', 1],
    ['int8', 1.5],
    ['int8', '1'],
    ['int8', 2 ** 60],
    ['int4', 2 ** 31],
    ['text', 'a\0b'],
    ['text', { toString: 'x' }],
    ['text', null],
  ] as const)
    assert.throws(() => decodeCursor('a', { x: type }, forge(value)), { code: 'invalid-cursor' })
  assert.throws(() => decodeCursor('a', { x: 'text', y: 'text' }, forge('a')), { code: 'invalid-cursor' })
})

test('a page shows its rows and keeps its cursors', () => {
  const page = { items: [1, 2], nextCursor: 'n', prevCursor: null }
  assert.deepEqual(
    mapPage(page, n => `${n}`),
    { items: ['1', '2'], nextCursor: 'n', prevCursor: null },
  )
})
