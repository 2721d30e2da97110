import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scratchDatabase } from '../scratch-database.ts'
import { grouped } from './grouped.ts'
import { addToThings, columns, insertOptions, numbered, type Thing, withThings } from './grouped-things.ts'

const turn = () => new Promise<void>(resolve => setImmediate(resolve))

test('the writes of a moment are one statement, in the order of their keys, and each caller gets its own result', async () => {
  await using scratch = await scratchDatabase()
  const sent: Thing[][] = []
  const write = grouped(insertOptions(await withThings(scratch), sent))
  const things = numbered(100)
  assert.deepEqual(await Promise.all(things.toReversed().map(write)), things.toReversed())
  assert.deepEqual(sent, [things])
})

test('equal keys in one group are merged first: PostgreSQL refuses a statement that touches a row twice', async () => {
  await using scratch = await scratchDatabase()
  const db = await withThings(scratch)
  const add = grouped<Thing, Thing>({
    ...insertOptions(db),
    write: things => addToThings.all(db, columns(things)),
    merge: (waiting, later) => ({ id: later.id, n: waiting.n + later.n }),
  })
  const results = await Promise.all([add({ id: 'a', n: 1 }), add({ id: 'b', n: 5 }), add({ id: 'a', n: 2 })])
  assert.deepEqual(results, [
    { id: 'a', n: 3 },
    { id: 'b', n: 5 },
    { id: 'a', n: 3 },
  ])
})

test('equal keys that cannot be one go in different groups, and count as waiting', async () => {
  await using scratch = await scratchDatabase()
  const sent: Thing[][] = []
  const db = await withThings(scratch)
  const write = grouped({ ...insertOptions(db, sent), merge: () => undefined, maxWaiting: 3 })
  const all = [1, 2, 3].map(n => write({ id: 'a', n }))
  await assert.rejects(write({ id: 'a', n: 4 }), { code: 'overloaded' })
  const [first, ...others] = await Promise.all(all)
  assert.deepEqual(others, [first, first], 'one was written, and all have its result')
  assert.deepEqual(
    sent.map(group => group.map(thing => thing.n)),
    [[1], [2], [3]],
  )
})

test('one bad row is found by halves and alone gets the error', async () => {
  await using scratch = await scratchDatabase()
  const sent: Thing[][] = []
  const db = await withThings(scratch)
  const write = grouped(insertOptions(db, sent))
  const things = numbered(100)
  const good = Promise.all(things.map(write))
  await assert.rejects(write({ id: 'thing050x', n: 1000 }), { constraint: 'n_small' })
  assert.deepEqual(await good, things)
  assert.ok(sent.length <= 1 + 2 * 7, `${sent.length} statements`)
})

test('an error that is no SQLSTATE of a row is not taken apart: it fails the whole group', async () => {
  let writes = 0
  const write = grouped<Thing, Thing>({
    name: 'test',
    key: thing => thing.id,
    readBack: 'repeat',
    write: async () => {
      writes++
      throw new TypeError('a bug')
    },
  })
  const all = await Promise.allSettled(numbered(10).map(write))
  assert.ok(all.every(each => each.status === 'rejected' && each.reason instanceof TypeError))
  assert.equal(writes, 1)
})

test('a row that was there already is read back', async () => {
  await using scratch = await scratchDatabase()
  const write = grouped(insertOptions(await withThings(scratch)))
  await write({ id: 'a', n: 1 })
  assert.deepEqual(await Promise.all([write({ id: 'a', n: 2 }), write({ id: 'b', n: 2 })]), [
    { id: 'a', n: 1 },
    { id: 'b', n: 2 },
  ])
})

test('too many that wait are refused at once', async () => {
  const answer = Promise.withResolvers<void>()
  const write = grouped<Thing, Thing>({
    name: 'test',
    key: thing => thing.id,
    readBack: 'repeat',
    maxRows: 3,
    maxWaiting: 5,
    inFlight: 1,
    write: async rows => {
      assert.ok(rows.length <= 3)
      await answer.promise
      return rows
    },
  })
  const [first, ...rest] = numbered(6)
  const all = [write(first!)]
  await turn()
  all.push(...rest.map(write))
  await assert.rejects(write({ id: 'one too many', n: 1 }), { code: 'overloaded' })
  answer.resolve()
  assert.equal((await Promise.all(all)).length, 6)
})
