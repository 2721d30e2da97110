import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeMetrics } from '../../telemetry/index.ts'
import type { Db } from '../database.ts'
import { type ScratchDatabase, scratchDatabase } from '../scratch-database.ts'
import { sql } from '../statement.ts'
import { grouped } from './grouped.ts'
import {
  addToThings,
  columns,
  findThings,
  insertOptions,
  insertThings,
  numbered,
  type Thing,
  withThings,
} from './grouped-things.ts'

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
