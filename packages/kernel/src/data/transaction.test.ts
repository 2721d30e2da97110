import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scratchDatabase } from './scratch-database.ts'
import { sql } from './statement.ts'

const note = sql({ name: 'transaction-test.note', params: { text: 'text' } })`
  insert into notes (text)
  values (${'text'})`

async function notes() {
  const scratch = await scratchDatabase()
  const db = await scratch.open({ name: 'posts', migrations: undefined })
  const owner = await scratch.connect()
  await owner.query(
    'create table posts.notes (n int generated always as identity, text text); grant insert on posts.notes to public',
  )
  const read = async () =>
    (await owner.query('select text from posts.notes order by n')).rows.map(row => row.text)
  return { db, read, [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose]() }
}

test('what was left for the end of a transaction is its last work, and commits with it', async () => {
  await using here = await notes()
  await here.db.transaction(async tx => {
    tx.beforeCommit(async () => {
      await note.run(tx, { text: 'last' })
    })
    await note.run(tx, { text: 'first' })
  })
  assert.deepEqual(await here.read(), ['first', 'last'])
})

test('when the last work fails, nothing of the transaction happened', async () => {
  await using here = await notes()
  const failing = here.db.transaction(async tx => {
    tx.beforeCommit(async () => {
      throw new Error('no')
    })
    await note.run(tx, { text: 'first' })
  })
  await assert.rejects(failing, /no/)
  assert.deepEqual(await here.read(), [])
})

test('a transaction that failed does not do its last work', async () => {
  await using here = await notes()
  let done = false
  const failing = here.db.transaction(async tx => {
    tx.beforeCommit(async () => {
      done = true
    })
    throw new Error('no')
  })
  await assert.rejects(failing, /no/)
  assert.equal(done, false)
})
