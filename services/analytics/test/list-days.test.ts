import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openSquare } from './square.ts'

let square: Awaited<ReturnType<typeof openSquare>>
before(async () => {
  square = await openSquare()
  await square.owner.query(
    `insert into analytics.days (day, what, count)
     select date '2026-01-01' + n, what, n + 1 from generate_series(0, 24) n, unnest('{posts,activePeople}'::text[]) what`,
  )
})
after(() => square[Symbol.asyncDispose]())

test('days come newest first, page by page, and back', async () => {
  const first = await square.listDays({ limit: 10 })
  assert.deepEqual(first.items[0], {
    day: '2026-01-25',
    registrations: 0,
    activePeople: 25,
    posts: 25,
    comments: 0,
    likes: 0,
    reposts: 0,
    follows: 0,
  })
  const second = await square.listDays({ limit: 10, cursor: first.nextCursor! })
  const third = await square.listDays({ limit: 10, cursor: second.nextCursor! })
  const all = [...first.items, ...second.items, ...third.items].map(each => each.day)
  assert.deepEqual(all, all.toSorted().reverse())
  assert.equal(new Set(all).size, 25)
  assert.equal(third.nextCursor, null)
  const back = await square.listDays({ limit: 10, cursor: second.prevCursor! })
  assert.deepEqual(back.items, first.items)
})

test('from and to are the first and the last day; a cursor is of one span', async () => {
  const { items } = await square.listDays({ from: '2026-01-05', to: '2026-01-07' })
  assert.deepEqual(
    items.map(each => each.day),
    ['2026-01-07', '2026-01-06', '2026-01-05'],
  )
  assert.deepEqual((await square.listDays({ from: '2026-01-07', to: '2026-01-05' })).items, [])
  const { nextCursor } = await square.listDays({ to: '2026-01-20', limit: 1 })
  await assert.rejects(square.listDays({ to: '2026-01-21', cursor: nextCursor! }), { code: 'invalid-cursor' })
})

test('a day that is none is refused', async () => {
  for (const day of ['2026-02-30', '2026-13-01', '0000-01-01'])
    await assert.rejects(square.listDays({ from: day }), { code: 'invalid-input', category: 'invalid' })
  for (const day of ['yesterday', '2026-1-1', '2026-01-01T00:00:00Z', ''])
    await assert.rejects(square.listDays({ to: day }), { code: 'invalid-input' })
})

test('only who has the permission ops is answered', async () => {
  for (const role of ['user', 'seller', 'moderator'] as const)
    await assert.rejects(square.listDays({}, [role]), { code: 'forbidden' })
  await assert.rejects(square.anonymously(), { code: 'unauthenticated' })
})
