import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Closed, Nullable, Type } from '../contract/index.ts'
import { pageSerializer } from './page-serializer.ts'

const Item = Closed({ id: Type.String(), text: Type.String(), note: Type.Optional(Type.String()) })
const PageOfItems = Closed({
  items: Type.Array(Item),
  nextCursor: Nullable(Type.String()),
  prevCursor: Nullable(Type.String()),
})
const serialize = pageSerializer(PageOfItems)
const item = (n: number) => ({ id: `${n}`, text: `"quoted" \u2028 and ünïcode ${n}` })

test('a page comes out as JSON, whatever stands in it', () => {
  for (const items of [[], [item(1)], [item(1), { ...item(2), note: 'x' }, item(3)]]) {
    for (const nextCursor of [null, 'a "cursor"']) {
      const page = { items, nextCursor, prevCursor: null }
      assert.deepEqual(JSON.parse(serialize(page)), page)
    }
  }
})

test('what the schema does not name stays inside, of shared items too', () => {
  const page = (one: object) => ({ items: [one], nextCursor: null, prevCursor: null })
  for (const one of [{ ...item(1), secret: 's' }, Object.freeze({ ...item(1), secret: 's' })]) {
    assert.deepEqual(JSON.parse(serialize(page(one))), page(item(1)))
  }
})

test('a frozen item is serialised once; one that may change is read each time', () => {
  let reads = 0
  const counted = (change: typeof Object.freeze) =>
    change(
      Object.defineProperty(item(1), 'text', { enumerable: true, get: () => `read ${++reads}` }),
    ) as object
  const textOf = (one: object) => {
    const page = serialize({ items: [one], nextCursor: null, prevCursor: null })
    return (JSON.parse(page) as { items: { text: string }[] }).items[0]?.text
  }
  const shared = counted(Object.freeze)
  assert.deepEqual([textOf(shared), textOf(shared)], ['read 1', 'read 1'])
  const own = counted((<T>(value: T) => value) as typeof Object.freeze)
  assert.deepEqual([textOf(own), textOf(own)], ['read 2', 'read 3'])
})

test('a thing with several lists, one thing and cursors is serialised as a page is', () => {
  const thread = pageSerializer(
    Closed({
      above: Type.Array(Item),
      one: Item,
      below: Type.Array(Item),
      count: Type.Integer(),
      nextCursor: Nullable(Type.String()),
    }),
  )
  const shared = Object.freeze(item(1))
  for (const one of [item(2), shared]) {
    const value = { above: [shared], one, below: [item(3), shared], count: 3, nextCursor: null }
    assert.deepEqual(JSON.parse(thread(value)), value)
  }
})
