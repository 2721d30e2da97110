import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { newUuid } from '../new-id.ts'
import { toId } from '../typeid.ts'
import { newestFirst } from './newest-first.ts'

type Item = { readonly id: `post_${string}` }
const list = newestFirst('post', 'x')

const hour = 3_600_000
const idAt = (time: number) => toId('post', newUuidAt(time))
// newUuid never goes back, so ids of the past are made from parts.
function newUuidAt(time: number): string {
  const hex = time.toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}${newUuid(0).slice(13)}`
}

/** A list in memory that counts what it was asked. */
function model(items: Item[]) {
  const ids = () => items.map(item => item.id).sort()
  return {
    older: (before: string | undefined, count: number) =>
      ids()
        .filter(id => before === undefined || id < before)
        .reverse()
        .slice(0, count),
    newer: (after: string, count: number) =>
      ids()
        .filter(id => id > after)
        .slice(0, count),
  }
}

function read(items: Item[], page: { cursor?: string; limit?: number }, hidden = new Set<string>()) {
  return list.read(page, model(items), ids => ids.map(id => (hidden.has(id) ? undefined : { id })))
}

const cursorIn = (cursor: string | null) => (cursor === null ? {} : { cursor })

async function walkDown(items: Item[], limit: number, hidden?: Set<string>): Promise<Item[]> {
  const seen: Item[] = []
  for (let cursor: string | null = null; ; ) {
    const page: Awaited<ReturnType<typeof read>> = await read(items, { limit, ...cursorIn(cursor) }, hidden)
    seen.push(...page.items)
    if (page.nextCursor === null) return seen
    assert.equal(page.items.length, limit, 'a page that is not the last is full')
    cursor = page.nextCursor
  }
}

test('walking down gives everything once, newest first, in full pages, whatever is hidden', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.boolean(), { maxLength: 60 }),
      fc.integer({ min: 1, max: 7 }),
      async (shown, limit) => {
        const items = shown.map((_, i) => ({ id: idAt(Date.now() - hour + i) }))
        const hidden = new Set(items.filter((_, i) => !shown[i]).map(item => item.id as string))
        const expected = items.filter(item => !hidden.has(item.id)).reverse()
        assert.deepEqual(await walkDown(items, limit, hidden), expected)
      },
    ),
  )
})

test('going up from any page gives the page before it, and from the top what came since', async () => {
  const items = Array.from({ length: 10 }, (_, i) => ({ id: idAt(Date.now() - hour + i) }))
  const top = await read(items, { limit: 3 })
  const second = await read(items, { limit: 3, cursor: top.nextCursor! })
  const back = await read(items, { limit: 3, cursor: second.prevCursor! })
  assert.deepEqual(back.items, top.items)
  assert.deepEqual((await read(items, { limit: 3, cursor: back.nextCursor! })).items, second.items)

  const nothing = await read(items, { cursor: back.prevCursor! })
  assert.deepEqual(nothing.items, [])
  const news = [{ id: idAt(Date.now()) }]
  assert.deepEqual((await read([...items, ...news], { cursor: nothing.prevCursor! })).items, news)
})

test('what commits late, below newer things that were read already, is not lost, and nothing comes twice', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          // how long before now an id was made; out of order, as commits are
          age: fc.integer({ min: 0, max: 9_000 }),
          polls: fc.boolean(),
          limit: fc.integer({ min: 1, max: 5 }),
          deletes: fc.option(fc.nat({ max: 20 })),
        }),
        { maxLength: 40 },
      ),
      async steps => {
        const now = Date.now()
        const items: Item[] = [{ id: idAt(now - hour) }]
        let cursor = (await read(items, { limit: 5 })).prevCursor!
        const seen = new Set<string>()
        const poll = async (limit: number) => {
          const page = await read(items, { limit, cursor })
          for (const { id } of page.items) {
            assert.ok(!seen.has(id), 'an item came twice')
            seen.add(id)
          }
          cursor = page.prevCursor!
          return page.items.length
        }
        const wanted = new Set<string>()
        for (const { age, polls, limit, deletes } of steps) {
          const item = { id: idAt(now - age) }
          items.push(item)
          wanted.add(item.id)
          if (polls) await poll(limit)
          if (deletes !== null && items.length > deletes + 1) {
            const [gone] = items.splice(deletes + 1, 1)
            if (!seen.has(gone!.id)) wanted.delete(gone!.id)
          }
        }
        while ((await poll(3)) > 0);
        assert.deepEqual([...wanted].sort(), [...seen].sort())
      },
    ),
    { numRuns: 300 },
  )
})

test('the first page of 100 new things has a cursor that fits, and what it cannot name is still not given twice', async () => {
  const items = Array.from({ length: 100 }, () => ({ id: toId('post', newUuid(1)) }))
  const top = await read(items, { limit: 100 })
  assert.ok(top.prevCursor!.length <= 500)
  assert.deepEqual((await read(items, { cursor: top.prevCursor! })).items, [])
})

// An entry: an id and what it stands for. No order but that of the ids, and cursors that do not tell of the rest.
type Entry = `post_${string}`
const entriesOf = (bare: Entry[], carries: boolean[]) =>
  bare.map((id, i): Entry => (carries[i % carries.length] ? `${id}~${toId('post', newUuid(1))}~x` : id))
const readEntries = (entries: Entry[], page: { cursor?: string; limit?: number }, hidden: Set<string>) => {
  const newestAtTop = [...entries].sort().reverse()
  const isBelow = (entry: string, id: string) => entry.slice(0, 31) < id.slice(0, 31)
  return list.read(
    page,
    {
      older: (before, count) =>
        newestAtTop.filter(entry => before === undefined || isBelow(entry, before)).slice(0, count),
      newer: (after, count) =>
        newestAtTop
          .filter(entry => isBelow(after, entry))
          .reverse()
          .slice(0, count),
    },
    // Items that do not know their place: the same may stand in several.
    ids => ids.map(id => (hidden.has(id) ? undefined : { at: id })),
  )
}

test('ids that carry more are read in the order of the ids alone, down and up again, each once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ age: fc.integer({ min: 0, max: 20_000 }), shown: fc.boolean() }), {
        maxLength: 50,
      }),
      fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 7 }),
      async (made, carries, limit) => {
        const now = Date.now()
        const entries = entriesOf(
          made.map(({ age }) => idAt(now - age)),
          carries,
        )
        const hidden = new Set<string>(entries.filter((_, i) => !made[i]!.shown))
        const expected = entries
          .filter(entry => !hidden.has(entry))
          .sort()
          .reverse()
        const down: string[] = []
        let up: string | null = null
        for (let cursor: string | null = null; ; ) {
          const page: Awaited<ReturnType<typeof readEntries>> = await readEntries(
            entries,
            { limit, ...cursorIn(cursor) },
            hidden,
          )
          down.push(...page.items.map(item => item.at))
          up = page.prevCursor ?? up
          cursor = page.nextCursor
          if (cursor === null) break
        }
        assert.deepEqual(down, expected)
        if (up === null) return
        // The last page's cursor upwards leads over all that was above it, each once.
        const lastPage = expected.length % limit === 0 ? limit : expected.length % limit
        const above = new Set(expected.slice(0, Math.max(expected.length - lastPage, 0)))
        const met: string[] = []
        for (;;) {
          const page = await readEntries(entries, { limit, cursor: up }, hidden)
          if (page.items.length === 0) break
          met.push(...page.items.map(item => item.at))
          up = page.prevCursor!
        }
        assert.deepEqual(met.sort(), [...above].sort())
      },
    ),
    { numRuns: 200 },
  )
})

test('an empty list has no cursors', async () => {
  assert.deepEqual(await read([], {}), { items: [], nextCursor: null, prevCursor: null })
})

test("another list's cursor, or one that was tampered with, is refused", async () => {
  const items = Array.from({ length: 3 }, () => ({ id: toId('post', newUuid(1)) }))
  const { nextCursor, prevCursor } = await read(items, { limit: 2 })
  const bad = [
    '',
    'x',
    'yo',
    `y${nextCursor!.slice(1)}`,
    `${nextCursor}0`,
    `${prevCursor!.slice(0, -1)}`,
    `${nextCursor} `,
    'ü'.repeat(28),
  ]
  for (const cursor of bad) {
    await assert.rejects(read(items, { cursor }), { code: 'invalid-cursor', category: 'invalid' }, cursor)
  }
})
