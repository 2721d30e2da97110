import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unknownOutcome } from '../../contract/kernel-errors.ts'
import { makeMetrics } from '../../telemetry/index.ts'
import { breakableLink } from '../breakable-link.ts'
import { type Db, openDatabase } from '../database.ts'
import { type ScratchDatabase, scratchDatabase } from '../scratch-database.ts'
import { sql } from '../statement.ts'
import { type GroupedOptions, grouped } from './grouped.ts'

interface Thing {
  readonly id: string
  readonly n: number
}

const insertThings = sql({
  name: 'grouped-test.insert',
  params: { ids: 'text[]', ns: 'int4[]' },
  row: { id: 'text', n: 'int4' },
})`
  insert into things (id, n)
  select * from unnest(${'ids'}, ${'ns'})
  on conflict (id) do nothing
  returning id, n`

const addToThings = sql({
  name: 'grouped-test.add',
  params: { ids: 'text[]', ns: 'int4[]' },
  row: { id: 'text', n: 'int4' },
})`
  insert into things (id, n)
  select * from unnest(${'ids'}, ${'ns'})
  on conflict (id) do update set n = things.n + excluded.n
  returning id, n`

const findThings = sql({
  name: 'grouped-test.find',
  params: { ids: 'text[]' },
  row: { id: 'text', n: 'int4' },
})`
  select id, n
  from things
  where id = any(${'ids'})`

const lockAndAdd = sql({
  name: 'grouped-test.lock-and-add',
  params: { ids: 'text[]' },
  row: { id: 'text', n: 'int4' },
})`
  with locked as materialized (
    select id
    from things
    where id = any(${'ids'})
    order by id
    for update
  )
  update things
  set n = n + 1
  from locked
  where things.id = locked.id
  returning things.id, things.n`

const columns = (things: readonly Thing[]) => ({
  ids: things.map(thing => thing.id),
  ns: things.map(thing => thing.n),
})

/** Inserts things and keeps count of what was sent. */
function insertOptions(db: Db, sent: Thing[][] = []): GroupedOptions<Thing, Thing> {
  return {
    name: 'test',
    key: thing => thing.id,
    write: async things => {
      sent.push([...things])
      const written = new Map((await insertThings.all(db, columns(things))).map(row => [row.id, row]))
      return things.map(thing => written.get(thing.id))
    },
    readBack: async things =>
      new Map((await findThings.all(db, { ids: things.map(thing => thing.id) })).map(row => [row.id, row])),
  }
}

const numbered = (count: number): Thing[] =>
  Array.from({ length: count }, (_, i) => ({ id: `thing${String(i).padStart(3, '0')}`, n: i }))

async function withThings(scratch: ScratchDatabase, settings: Record<string, string> = {}): Promise<Db> {
  const db = await scratch.open({ name: 'posts', migrations: undefined })
  const owner = await scratch.connect()
  await owner.query(
    `create table posts.things (id text primary key, n int constraint n_small check (n < 1000))`,
  )
  for (const [name, value] of Object.entries(settings))
    await owner.query(`alter role ${scratch.name}_posts set ${name} = '${value}'`)
  return db
}

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

test('a connection cut at the commit: what was written is read back, and nothing is written twice', async () => {
  await using scratch = await scratchDatabase()
  const own = await withThings(scratch)
  await using link = await breakableLink(scratch.ownerUrl)
  const db = openDatabase({ url: link.through(scratch.ownerUrl), schema: 'posts' })
  const sent: Thing[][] = []
  const write = grouped(insertOptions(db, sent))
  await write({ id: 'first', n: 0 })
  link.swallowAnswer()
  const things = numbered(20)
  assert.deepEqual(await Promise.all(things.map(write)), things)
  assert.equal(link.cuts, 1)
  assert.deepEqual(sent.slice(1), [things], 'it was sent once')
  assert.equal((await findThings.all(own, { ids: things.map(thing => thing.id) })).length, 20)
  await db.close()
})

test('a connection cut before the server heard, then the server away for a while: all is sent again', async () => {
  await using scratch = await scratchDatabase()
  await withThings(scratch)
  await using link = await breakableLink(scratch.ownerUrl)
  const db = openDatabase({ url: link.through(scratch.ownerUrl), schema: 'posts' })
  const sent: Thing[][] = []
  const write = grouped(insertOptions(db, sent))
  await write({ id: 'first', n: 0 })
  link.swallowRequest()
  const things = numbered(20)
  const written = Promise.all(things.map(write))
  while (link.cuts === 0) await turn()
  link.shut()
  setTimeout(link.open, 300)
  assert.deepEqual(await written, things)
  assert.deepEqual(sent.slice(1), [things, things])
  await db.close()
})

test('after a loss only what is missing is sent again', async () => {
  await using scratch = await scratchDatabase()
  const sent: Thing[][] = []
  const options = insertOptions(await withThings(scratch), sent)
  let losses = 1
  const write = grouped({
    ...options,
    write: async things => {
      if (losses-- <= 0) return options.write(things)
      await options.write(things.slice(0, 5)) // as when a second process had sent those
      throw unknownOutcome('The database went away before it answered.')
    },
  })
  const things = numbered(12)
  assert.deepEqual(await Promise.all(things.map(write)), things)
  assert.deepEqual(sent, [things.slice(0, 5), things.slice(5)])
})

test('a database that was not reached at all has done nothing: said at once', async () => {
  await using scratch = await scratchDatabase()
  await withThings(scratch)
  await using link = await breakableLink(scratch.ownerUrl)
  const db = openDatabase({
    url: `${link.through(scratch.ownerUrl).replace(/:\d+\//, ':1/')}`,
    schema: 'posts',
  })
  await assert.rejects(grouped(insertOptions(db))({ id: 'a', n: 1 }), { code: 'unavailable' })
  await db.close()
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

test('groups of two processes that meet in opposite orders do not deadlock', async () => {
  await using scratch = await scratchDatabase()
  const db = await withThings(scratch, { deadlock_timeout: '50ms' })
  const retried = await meetInOppositeOrders(scratch, db, thing => thing.id)
  assert.equal(retried, 0)
})

test('… and when the order is not kept, the deadlock is tried again until all is written', async () => {
  await using scratch = await scratchDatabase()
  const db = await withThings(scratch, { deadlock_timeout: '50ms' })
  const retried = await meetInOppositeOrders(scratch, db, () => '')
  assert.ok(retried > 0)
})

test('groups that update lock their rows in key order first', async () => {
  await using scratch = await scratchDatabase()
  const db = await withThings(scratch, { deadlock_timeout: '50ms' })
  const things = numbered(50)
  await insertThings.all(db, columns(things))
  const metrics = makeMetrics()
  const process = () =>
    grouped<Thing, Thing>({
      name: 'test',
      key: thing => thing.id,
      readBack: 'repeat',
      metrics,
      maxRows: 20,
      write: async rows => {
        const ids = rows.map(row => row.id).toSorted(() => Math.random() - 0.5)
        const updated = new Map((await lockAndAdd.all(db, { ids })).map(row => [row.id, row]))
        return rows.map(row => updated.get(row.id))
      },
    })
  const [one, two] = [process(), process()]
  for (let i = 0; i < 20; i++) await Promise.all([...things.map(one), ...things.toReversed().map(two)])
  const rows = await findThings.all(db, { ids: things.map(thing => thing.id) })
  assert.ok(rows.every(row => row.n === Number(row.id.slice(5)) + 40))
  assert.equal(await retriedIn(metrics), 0)
})

test('a row that somebody holds locked keeps only itself waiting, for as long as lock_timeout', async () => {
  await using scratch = await scratchDatabase()
  const db = await withThings(scratch, { lock_timeout: '100ms' })
  const things = numbered(8)
  await insertThings.all(db, columns(things))
  const owner = await scratch.connect()
  await owner.query(`begin; select from posts.things where id = 'thing003' for update`)
  const add = grouped<Thing, Thing>({
    ...insertOptions(db),
    write: rows => addToThings.all(db, columns(rows)),
  })
  const all = await Promise.allSettled(things.map(add))
  assert.deepEqual(
    all.flatMap((each, i) => (each.status === 'rejected' ? [[i, each.reason.code]] : [])),
    [[3, 'overloaded']],
  )
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

/** Two processes insert the same keys, each in its own order of arrival; returns how often a statement had to be sent again. */
async function meetInOppositeOrders(
  scratch: ScratchDatabase,
  db: Db,
  order: (thing: Thing) => string,
): Promise<number> {
  const owner = await scratch.connect()
  await owner.query(`
    create function posts.slow() returns trigger language plpgsql as 'begin perform pg_sleep(0.005); return new; end';
    create trigger slow before insert on posts.things for each row execute function posts.slow()`)
  const metrics = makeMetrics()
  const things = numbered(20)
  const [one, two] = [1, 2].map(() => grouped({ ...insertOptions(db), order, metrics }))
  await Promise.all([...things.map(one!), ...things.toReversed().map(two!)])
  assert.equal((await findThings.all(db, { ids: things.map(thing => thing.id) })).length, 20)
  return retriedIn(metrics)
}

async function retriedIn(metrics: ReturnType<typeof makeMetrics>): Promise<number> {
  const { values } = await metrics.counter('plaza_group_retried_total', '', ['queue']).get()
  return values[0]?.value ?? 0
}
