import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openDatabase } from './database.ts'
import { scratchDatabase } from './scratch-database.ts'
import { sql } from './statement.ts'

const one = sql({ name: 'pool-test.one', row: { one: 'int4' } })`
  select 1 as one`

const scratch = await scratchDatabase()
after(() => scratch[Symbol.asyncDispose]())
const open = (options: { maxWaiting?: number } = {}) =>
  openDatabase({ url: scratch.ownerUrl, schema: 'public', connections: 1, ...options })

test('more than may wait for a connection are refused at once, and the others have their turn', async () => {
  const db = open({ maxWaiting: 3 })
  const goOn = Promise.withResolvers<void>()
  const holding = db.transaction(() => goOn.promise)
  const waiting = [one.one(db, {}), db.transaction(tx => one.one(tx, {})), one.one(db, {})]
  await assert.rejects(one.one(db, {}), { code: 'overloaded' })
  await assert.rejects(
    db.transaction(async () => {}),
    { code: 'overloaded' },
  )
  goOn.resolve()
  await holding
  assert.deepEqual(await Promise.all(waiting), Array(3).fill({ one: 1 }))
  await db.close()
})

test('who waits 5 s for a connection in vain is told that there is too much to do: nothing was sent', async () => {
  const db = open()
  const goOn = Promise.withResolvers<void>()
  const holding = db.transaction(() => goOn.promise)
  const waiting = [one.one(db, {}), db.transaction(tx => one.one(tx, {}))]
  for (const each of waiting) await assert.rejects(each, { code: 'overloaded', details: { retryAfter: 1 } })
  goOn.resolve()
  await holding
  await db.close()
})

test('a database that was closed is not available', async () => {
  const db = open()
  await one.one(db, {})
  await db.close()
  await assert.rejects(one.one(db, {}), { code: 'unavailable' })
  await assert.rejects(
    db.transaction(async () => {}),
    { code: 'unavailable' },
  )
})
