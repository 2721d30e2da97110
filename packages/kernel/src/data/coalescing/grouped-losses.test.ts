import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unknownOutcome } from '../../contract/kernel-errors.ts'
import { breakableLink } from '../breakable-link.ts'
import { openDatabase } from '../database.ts'
import { scratchDatabase } from '../scratch-database.ts'
import { grouped } from './grouped.ts'
import { findThings, insertOptions, numbered, type Thing, withThings } from './grouped-things.ts'

const turn = () => new Promise<void>(resolve => setImmediate(resolve))

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
