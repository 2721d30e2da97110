import assert from 'node:assert/strict'
import { test } from 'node:test'
import { breakableLink } from '../breakable-link.ts'
import { type Db, openDatabase } from '../database.ts'
import { scratchDatabase } from '../scratch-database.ts'
import { sql } from '../statement.ts'
import { batched } from './batched.ts'

const findThings = sql({
  name: 'batched-test.find',
  params: { ids: 'text[]' },
  row: { id: 'text', size: 'int4' },
})`
  select id, length(id) as size
  from unnest(${'ids'}) id
  where id <> 'nobody' and id::bytea is not null`

/** A load that records what it was asked, and answers when told. */
function byHand() {
  const asked: string[][] = []
  const pending: PromiseWithResolvers<void>[] = []
  const load = async (keys: readonly string[]) => {
    asked.push([...keys])
    const answer = Promise.withResolvers<void>()
    pending.push(answer)
    await answer.promise
    return new Map(keys.filter(key => key !== 'nobody').map(key => [key, { key, tags: ['a'] }]))
  }
  return {
    asked,
    load,
    answer: (i: number) => pending[i]!.resolve(),
    fail: (i: number, error: Error) => pending[i]!.reject(error),
  }
}

const turn = () => new Promise<void>(resolve => setImmediate(resolve))

test('what is asked in one turn goes in one query, each key once, and each caller gets its own row', async () => {
  const hand = byHand()
  const find = batched({ name: 'test', load: hand.load })
  const answers = Promise.all([find('a'), find('b'), find('a'), find('nobody')])
  await turn()
  assert.deepEqual(hand.asked, [['a', 'b', 'nobody']])
  hand.answer(0)
  assert.deepEqual(
    (await answers).map(row => row?.key),
    ['a', 'b', 'a', undefined],
  )
})

test('while queries are on their way the rest gathers, and no query holds more than the bound', async () => {
  const hand = byHand()
  const find = batched({ name: 'test', load: hand.load, maxKeys: 3, inFlight: 2 })
  const all: Promise<unknown>[] = [find('a')]
  await turn()
  all.push(find('b'))
  await turn()
  for (const key of ['c', 'd', 'e', 'f']) all.push(find(key))
  await turn()
  assert.deepEqual(hand.asked, [['a'], ['b']])
  hand.answer(0)
  await all[0]
  await turn()
  assert.deepEqual(hand.asked, [['a'], ['b'], ['c', 'd', 'e']])
  for (const i of [1, 2]) hand.answer(i)
  await turn()
  hand.answer(3)
  await Promise.all(all)
  assert.deepEqual(hand.asked[3], ['f'])
})

test('a read never joins a query that was sent before it: it may not have seen a write that was answered since', async () => {
  const hand = byHand()
  const find = batched({ name: 'test', load: hand.load, inFlight: 2 })
  const before = find('a')
  await turn()
  const after = find('a')
  await turn()
  assert.deepEqual(hand.asked, [['a'], ['a']])
  hand.answer(0)
  hand.answer(1)
  assert.notEqual(await before, await after)
})

test('too many that wait are refused at once, and there is room again afterwards', async () => {
  const hand = byHand()
  const find = batched({ name: 'test', load: hand.load, maxWaiting: 2, inFlight: 1 })
  const first = find('a')
  await turn()
  const waiting = [find('b'), find('c'), find('b')]
  await assert.rejects(find('d'), { code: 'overloaded' })
  hand.answer(0)
  await first
  await turn()
  const again = find('d')
  hand.answer(1)
  await Promise.all(waiting)
  hand.answer(2)
  assert.equal((await again)?.key, 'd')
})

test('callers share a row, so none can change it for another', async () => {
  const find = batched({
    name: 'test',
    load: async keys => new Map(keys.map(key => [key, { key, tags: [{ name: 'a' }] }])),
  })
  const row = (await find('a'))! as { key: string; tags: { name: string }[] }
  assert.throws(() => {
    row.key = 'b'
  }, TypeError)
  assert.throws(() => row.tags.push({ name: 'b' }), TypeError)
  assert.throws(() => {
    row.tags[0]!.name = 'b'
  }, TypeError)
})

test('a load that fails fails those who asked, and the next ones are asked anew', async () => {
  const hand = byHand()
  const find = batched({ name: 'test', load: hand.load })
  const failing = [find('a'), find('b')]
  await turn()
  hand.fail(0, new Error('no'))
  for (const each of failing) await assert.rejects(each, /no/)
  const next = find('a')
  await turn()
  hand.answer(1)
  assert.equal((await next)?.key, 'a')
})

test('one key that PostgreSQL refuses harms nobody else', async () => {
  await using scratch = await scratchDatabase()
  const db = await scratch.open({ name: 'posts', migrations: undefined })
  const find = batched({ name: 'test', load: load(db) })
  const keys = Array.from({ length: 50 }, (_, i) => `key${i}`)
  const good = Promise.all(keys.map(find))
  await assert.rejects(find('bad\\x'), /invalid input syntax for type bytea/)
  assert.deepEqual(
    (await good).map(row => row?.id),
    keys,
  )
})

test('a query whose connection is lost is asked once more; a database that is away is said to be away', async () => {
  await using scratch = await scratchDatabase()
  const own = await scratch.open({ name: 'posts', migrations: undefined })
  await using link = await breakableLink(scratch.ownerUrl)
  const db = openDatabase({ url: link.through(scratch.ownerUrl), schema: own.schema })
  const find = batched({ name: 'test', load: load(db) })
  assert.equal((await find('a'))?.size, 1)
  link.swallowAnswer()
  assert.equal((await find('abc'))?.size, 3)
  assert.equal(link.cuts, 1)
  link.shut()
  await assert.rejects(find('a'), { code: 'unavailable' })
  link.open()
  assert.equal((await find('a'))?.size, 1)
  await db.close()
})

function load(db: Db) {
  return async (ids: readonly string[]) =>
    new Map((await findThings.all(db, { ids })).map(row => [row.id, row]))
}
