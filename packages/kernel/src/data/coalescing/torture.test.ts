import assert from 'node:assert/strict'
import { test } from 'node:test'
import { breakableLink } from '../breakable-link.ts'
import { openDatabase } from '../database.ts'
import { scratchDatabase } from '../scratch-database.ts'
import { sql } from '../statement.ts'
import { grouped } from './grouped.ts'

const write = sql({ name: 'torture-test.write', params: { ids: 'text[]' }, row: { id: 'text' } })`
  with written as (
    insert into things (id)
    select *
    from unnest(${'ids'}::text[])
    on conflict (id) do nothing
    returning id
  )
  insert into effects (id)
  select id
  from written
  returning id`

const find = sql({ name: 'torture-test.find', params: { ids: 'text[]' }, row: { id: 'text' } })`
  select id
  from things
  where id = any(${'ids'})`

test('connections cut again and again, under two processes that write the same things: what was answered is there, and each effect once', async () => {
  await using scratch = await scratchDatabase()
  await scratch.open({ name: 'posts', migrations: undefined })
  const owner = await scratch.connect()
  await owner.query('create table posts.things (id text primary key); create table posts.effects (id text)')
  await using link = await breakableLink(scratch.ownerUrl)
  const dbs = [1, 2].map(() =>
    openDatabase({ url: link.through(scratch.ownerUrl), schema: 'posts', connections: 2 }),
  )
  const processes = dbs.map(db =>
    grouped<string, string>({
      name: 'test',
      key: id => id,
      maxRows: 20,
      write: async ids => {
        const written = new Set((await write.all(db, { ids })).map(row => row.id))
        return ids.map(id => (written.has(id) ? id : undefined))
      },
      readBack: async ids => new Map((await find.all(db, { ids })).map(row => [row.id, row.id])),
    }),
  )
  const answered = new Set<string>()
  const codes = new Set<string>()
  const cutAtTimes = async (times: number) => {
    for (let i = 0; i < times; i++) {
      if (Math.random() < 0.5) link.swallowAnswer(Math.floor(Math.random() * 3))
      else link.swallowRequest(Math.floor(Math.random() * 3))
      await new Promise(resolve => setTimeout(resolve, Math.random() * 20))
    }
  }
  for (let wave = 0; wave < 8; wave++) {
    const ids = Array.from({ length: 40 }, (_, i) => `${wave}.${i}`)
    const all = processes.flatMap(process =>
      ids.map(id =>
        process(id).then(
          () => void answered.add(id),
          error => void codes.add(error.code),
        ),
      ),
    )
    await Promise.all([...all, cutAtTimes(5)])
  }
  const { rows } = await owner.query('select id, count(*)::int as n from posts.effects group by id')
  const effects = new Map(rows.map(row => [row.id, row.n]))
  assert.ok(link.cuts >= 10, `only ${link.cuts} connections were cut`)
  assert.deepEqual(
    [...effects].filter(([, n]) => n !== 1),
    [],
  )
  assert.deepEqual(
    [...answered].filter(id => !effects.has(id)),
    [],
  )
  for (const code of codes.keys()) assert.match(code, /^(unavailable|unknown-outcome)$/)
  assert.ok(answered.size > 200, `only ${answered.size} of 320 were answered`)
  await Promise.all(dbs.map(db => db.close()))
})
