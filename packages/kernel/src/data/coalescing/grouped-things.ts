import type { Db } from '../database.ts'
import type { ScratchDatabase } from '../scratch-database.ts'
import { sql } from '../statement.ts'
import type { GroupedOptions } from './grouped.ts'

/** What the tests of `grouped` write. */
export interface Thing {
  readonly id: string
  readonly n: number
}

export const insertThings = sql({
  name: 'grouped-test.insert',
  params: { ids: 'text[]', ns: 'int4[]' },
  row: { id: 'text', n: 'int4' },
})`
  insert into things (id, n)
  select * from unnest(${'ids'}, ${'ns'})
  on conflict (id) do nothing
  returning id, n`

export const addToThings = sql({
  name: 'grouped-test.add',
  params: { ids: 'text[]', ns: 'int4[]' },
  row: { id: 'text', n: 'int4' },
})`
  insert into things (id, n)
  select * from unnest(${'ids'}, ${'ns'})
  on conflict (id) do update set n = things.n + excluded.n
  returning id, n`

export const findThings = sql({
  name: 'grouped-test.find',
  params: { ids: 'text[]' },
  row: { id: 'text', n: 'int4' },
})`
  select id, n
  from things
  where id = any(${'ids'})`

export const columns = (things: readonly Thing[]) => ({
  ids: things.map(thing => thing.id),
  ns: things.map(thing => thing.n),
})

/** Inserts things and keeps count of what was sent. */
export function insertOptions(db: Db, sent: Thing[][] = []): GroupedOptions<Thing, Thing> {
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

export const numbered = (count: number): Thing[] =>
  Array.from({ length: count }, (_, i) => ({ id: `thing${String(i).padStart(3, '0')}`, n: i }))

export async function withThings(
  scratch: ScratchDatabase,
  settings: Record<string, string> = {},
): Promise<Db> {
  const db = await scratch.open({ name: 'posts', migrations: undefined })
  const owner = await scratch.connect()
  await owner.query(
    `create table posts.things (id text primary key, n int constraint n_small check (n < 1000))`,
  )
  for (const [name, value] of Object.entries(settings))
    await owner.query(`alter role ${scratch.name}_posts set ${name} = '${value}'`)
  return db
}
