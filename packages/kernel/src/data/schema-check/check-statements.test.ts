import assert from 'node:assert/strict'
import { test } from 'node:test'
import '../../events/index.ts'
import '../../jobs/index.ts'
import '../index.ts'
import { scratchDatabase } from '../scratch-database.ts'
import { allStatements, type Statement, sql } from '../statement.ts'
import { checkStatements } from './check-statements.ts'

const right = sql({
  name: 'check-test.right',
  params: { ids: 'uuid[]', since: 'timestamptz?' },
  row: { id: 'uuid', note: 'text?', tags: 'text[]', data: 'jsonb', n: 'int8', upper: 'text' },
})`
  select id, note, tags, data, count(*) over () as n, upper(note) as upper
  from (select * from things where id = any(${'ids'}) and at > ${'since'}) inner_things`

const wrong: Record<string, Statement> = {
  'column "nothing" does not exist': sql({ name: 'check-test.a', row: { nothing: 'text' } })`
    select nothing from things`,
  'relation "nowhere" does not exist': sql({ name: 'check-test.b' })`
    delete from nowhere`,
  'column n is int8, declared int4': sql({ name: 'check-test.c', row: { n: 'int4' } })`
    select count(*) as n from things`,
  'column note may be null, declared text': sql({ name: 'check-test.d', row: { note: 'text' } })`
    with kept as (update things set at = now() returning note)
    select note from kept`,
  'column tags is text[], declared text': sql({ name: 'check-test.e', row: { tags: 'text' } })`
    select tags from things`,
  'column note is declared, but not selected': sql({
    name: 'check-test.f',
    row: { id: 'uuid', note: 'text?' },
  })`
    select id from things`,
  'column note is selected, but not declared': sql({ name: 'check-test.g', row: { id: 'uuid' } })`
    select id, note from things`,
  'column id is selected twice': sql({ name: 'check-test.h', row: { id: 'uuid' } })`
    select id, id from things`,
  'could not determine data type of parameter $1': sql({
    name: 'check-test.i',
    params: { unused: 'text', used: 'uuid' },
    row: { id: 'uuid' },
  })`
    select id from things where id = ${'used'}`,
  'operator does not exist: uuid = integer': sql({ name: 'check-test.j', params: { id: 'int4' } })`
    delete from things where id = ${'id'}`,
} as never

test('a statement that agrees with the schema passes, and each kind of disagreement is told', async () => {
  await using scratch = await scratchDatabase()
  const db = await scratch.open({ name: 'posts', migrations: undefined })
  const owner = await scratch.connect()
  await owner.query(
    'create table posts.things (id uuid primary key, note text, tags text[] not null, data jsonb not null, at timestamptz)',
  )
  const client = await db.connect()
  assert.deepEqual(await checkStatements(client, [right as never]), [])
  assert.deepEqual(
    await checkStatements(client, Object.values(wrong)),
    Object.entries(wrong).map(([problem, statement]) => `${statement.name}: ${problem}`),
  )
  await client.end()
})

test("the kernel's own statements agree with the kernel's own tables", async () => {
  await using scratch = await scratchDatabase()
  const db = await scratch.open({ name: 'posts', migrations: undefined })
  const client = await db.connect()
  const statements = allStatements().filter(each => /^(kernel|events)\./.test(each.name))
  assert.ok(statements.length > 10)
  assert.deepEqual(await checkStatements(client, statements), [])
  await client.end()
})
