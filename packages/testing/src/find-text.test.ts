import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { scratchDatabase } from '@plaza/kernel/scratch-database'
import { findText, textsIn } from './find-text.ts'

const text = 'Ana "the baker" Zoë'

test('a text is found in whatever it is hidden', () => {
  const hiding = [
    text,
    text.toUpperCase(),
    `before ${text} after`,
    { deep: [{ in: text }] },
    [text],
    JSON.stringify({ in: text }),
    Buffer.from(text),
    Buffer.from(`\0${JSON.stringify({ in: text })}`),
    gzipSync(text),
    Buffer.concat([Buffer.of(7), gzipSync(JSON.stringify({ text }))]),
    Buffer.from(text).toString('hex'),
    `"${Buffer.from(text).toString('base64')}"`,
  ]
  for (const value of hiding) assert.deepEqual(textsIn(value, ['nobody', text]), [text], String(value))
  for (const value of [null, 1, true, 'Ana', Buffer.from('Ana'), new Date()])
    assert.deepEqual(textsIn(value, [text]), [])
})

test('every table of every schema is looked through, partitions and views that hold rows too', async () => {
  await using scratch = await scratchDatabase()
  const owner = await scratch.connect()
  await owner.query(`
    create schema one; create schema "two words";
    create table one.plain (id int, words text[]);
    create table "two words"."Odd" (data jsonb, search tsvector);
    create table one.parts (at int, bytes bytea) partition by range (at);
    create table one.part_1 partition of one.parts for values from (0) to (10);
    insert into one.plain values (1, array['x', 'secret-of-ana']);
    insert into "two words"."Odd" values ('{"a":{"b":"secret-of-ana"}}', 'nothing'), ('{}', to_tsvector('simple', 'anasecret'));
    insert into one.parts values (1, 'secret-of-ana');
    create materialized view one.kept as select words from one.plain`)
  const found = await findText(owner, ['Secret-of-Ana', 'anasecret'])
  assert.deepEqual(
    found.map(each => `${each.table}.${each.column}`),
    ['one.kept.words', 'one.part_1.bytes', 'one.plain.words', 'two words.Odd.data', 'two words.Odd.search'],
  )
  assert.deepEqual(await findText(owner, ['secret-of-ben']), [])
})
