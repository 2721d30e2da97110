import assert from 'node:assert/strict'
import { test } from 'node:test'
import { appendEvents, forceNewEra, newEvent } from '@plaza/kernel/events'
import { scratchDatabase } from '@plaza/kernel/scratch-database'
import { happen, serve, things, until } from './rig.ts'

const things1 = { name: things.name, migrations: undefined }

type Log = Awaited<ReturnType<typeof serve>>

/** Reads on from a cursor until nothing is left. */
async function readAll(
  log: Log,
  limit = 500,
  cursor?: Awaited<ReturnType<Log['handlers']['$pullEvents']>>['cursor'],
) {
  const events: { n: number; stream: string; version: number; position: number }[] = []
  for (;;) {
    const pulled = await log.handlers.$pullEvents({ limit, wait: 0, ...(cursor && { cursor }) })
    for (const { data, stream, version, position } of pulled.events)
      events.push({ n: (data as { n: number }).n, stream, version, position })
    cursor = pulled.cursor
    if (pulled.events.length === 0 && pulled.behind === 0) return { events, cursor }
  }
}

const numbers = (events: readonly { n: number }[]) => events.map(event => event.n)

test('what commits is read, in order, once it is ticked; what rolls back never is', async () => {
  await using scratch = await scratchDatabase()
  const db = await scratch.open(things1)
  await using log = await serve(db)
  const first = await happen(db, 3)
  await assert.rejects(
    db.transaction(async tx => {
      await appendEvents(tx, [newEvent(things, 'happened', 'a', { n: 0 })])
      throw new Error('changed my mind')
    }),
  )
  const second = await happen(db, 2, 'b')
  await until(async () => (await readAll(log)).events.length === 5)
  const { events } = await readAll(log)
  assert.deepEqual(numbers(events), [...first, ...second])
  assert.deepEqual(
    events.map(event => `${event.stream}${event.version}`),
    ['a1', 'a2', 'a3', 'b1', 'b2'],
  )
})

test('a transaction that commits long after others is read when it has committed, and nobody waits for it', async () => {
  await using scratch = await scratchDatabase()
  const db = await scratch.open(things1)
  await using log = await serve(db)
  const slow = await db.connect()
  await slow.query('begin')
  await slow.query(
    `select append_events(array[gen_random_uuid()], '{slow}', '{happened}', array['{"n":-1}']::jsonb[])`,
  )
  const quick = await happen(db, 2)
  await until(async () => (await readAll(log)).events.length === 2)
  const { events, cursor } = await readAll(log)
  assert.deepEqual(numbers(events), quick)
  await slow.query('commit')
  await slow.end()
  const more = await happen(db)
  await until(async () => (await readAll(log, 500, cursor)).events.length === 2)
  assert.deepEqual(numbers((await readAll(log, 500, cursor)).events), [-1, ...more])
})

test('pages of any size, begun anywhere, give every event once and each stream in order', async () => {
  await using scratch = await scratchDatabase()
  const db = await scratch.open(things1)
  await using log = await serve(db)
  const slow = await Promise.all([db.connect(), db.connect()])
  const written: number[] = []
  for (let round = 0; round < 12; round++) {
    const open = slow[round % 2]!
    await open.query('begin')
    await open.query(
      `select append_events(array(select gen_random_uuid() from generate_series(1, 7)), array_fill('slow${round % 2}'::text, array[7]),
         array_fill('happened'::text, array[7]), array(select jsonb_build_object('n', -${round} * 10 - i) from generate_series(1, 7) i))`,
    )
    for (let i = 1; i <= 7; i++) written.push(-round * 10 - i)
    written.push(...(await happen(db, 1 + ((round * 5) % 13), i => `s${i % 3}`)))
    await until(async () => (await readAll(log)).events.length === written.length - 7)
    await open.query('commit')
    await until(async () => (await readAll(log)).events.length === written.length)
  }
  await Promise.all(slow.map(client => client.end()))
  for (const limit of [1, 2, 7, 36, 500]) {
    const { events } = await readAll(log, limit)
    assert.deepEqual(
      numbers(events).sort((a, b) => a - b),
      [...written].sort((a, b) => a - b),
      `pages of ${limit}`,
    )
    const versions = new Map<string, number>()
    for (const { stream, version } of events) {
      assert.equal(version, (versions.get(stream) ?? 0) + 1, `${stream} with pages of ${limit}`)
      versions.set(stream, version)
    }
  }
})

test('two tickers count every event once, and their ticks follow each other without a gap', async () => {
  await using scratch = await scratchDatabase()
  const db = await scratch.open(things1)
  const other = await scratch.open(things1)
  await using log = await serve(db)
  await using _second = await serve(other)
  await Promise.all(
    Array.from({ length: 60 }, (_, i) => happen(i % 2 ? db : other, 1 + (i % 4), `s${i % 7}`)),
  )
  const total = 60 * 2.5
  await until(async () => (await readAll(log)).events.length === total)
  const owner = await scratch.connect()
  const { rows } = await owner.query('select tick::int, total::int from things.ticks order by tick')
  assert.deepEqual(
    rows.map(row => row.tick),
    rows.map((_, i) => i),
  )
  assert.equal(rows.at(-1).total, total)
})

test('groups that name streams in opposite orders wait for each other and do not deadlock', async () => {
  await using scratch = await scratchDatabase()
  const db = await scratch.open(things1, { connections: 8 })
  await using log = await serve(db)
  await Promise.all(Array.from({ length: 40 }, (_, i) => happen(db, 20, n => `s${i % 2 ? n : 19 - n}`)))
  await until(async () => (await readAll(log)).events.length === 800)
  const versions = new Map<string, number>()
  for (const { stream, version } of (await readAll(log)).events) {
    assert.equal(version, (versions.get(stream) ?? 0) + 1)
    versions.set(stream, version)
  }
})

test('who waits for news hears of a commit in a moment, and of draining at once', async () => {
  await using scratch = await scratchDatabase()
  const db = await scratch.open(things1)
  await using log = await serve(db)
  const { cursor } = await log.handlers.$pullEvents({ begin: 'now', limit: 10, wait: 0 })
  const pull = () => log.handlers.$pullEvents({ cursor, limit: 10, wait: 10_000, types: ['happened'] })
  const waiting = pull()
  await db.transaction(tx => appendEvents(tx, [newEvent(things, 'ignored', 'a', {})]))
  const [n] = await happen(db)
  const began = performance.now()
  const { events } = await waiting
  assert.deepEqual(
    events.map(event => event.data),
    [{ n }],
    'and not of types it did not ask for',
  )
  assert.ok(performance.now() - began < 1_000)
  const idle = log.handlers.$pullEvents({ cursor: (await pull()).cursor, limit: 10, wait: 10_000 })
  log.drain()
  assert.deepEqual((await idle).events, [])
  await assert.rejects(pull(), { code: 'unavailable' })
  assert.ok(performance.now() - began < 5_000)
})

test('an event that a process committed and did not live to tick is ticked by another', async () => {
  await using scratch = await scratchDatabase()
  const db = await scratch.open(things1)
  await using log = await serve(db)
  const silent = await db.connect()
  await silent.query(
    `select append_events(array[gen_random_uuid()], '{a}', '{happened}', array['{"n":-5}']::jsonb[])`,
  )
  await silent.end()
  await until(async () => (await readAll(log)).events.length === 1)
})

test('on a server whose log was not opened events are refused, and then it is opened', async () => {
  await using scratch = await scratchDatabase()
  const db = await scratch.open(things1)
  const owner = await scratch.connect()
  const pretendAnotherStart = () => owner.query(`update things.log set started = started - interval '1 day'`)
  await pretendAnotherStart()
  await assert.rejects(happen(db), { code: 'unavailable' })
  await using log = await serve(db)
  await happen(db)
  await until(async () => (await readAll(log)).events.length === 1)
  assert.equal((await owner.query('select count(*)::int as n from things.events')).rows[0].n, 1)
})

test('a new era begins while all is running: nothing is lost, and readers pass from one to the next', async () => {
  await using scratch = await scratchDatabase()
  const db = await scratch.open(things1)
  await using log = await serve(db)
  const written = await happen(db, 3)
  await until(async () => (await readAll(log)).events.length === 3)
  const early = (await readAll(log)).cursor
  written.push(...(await happen(db, 2)))
  for (const era of [2, 3]) {
    assert.deepEqual(await forceNewEra(db), { era })
    written.push(...(await happen(db, 2)))
  }
  const lateBy = async (count: number) => (await readAll(log, 2, early)).events.length === count
  await until(() => lateBy(6).catch(() => false))
  assert.deepEqual(numbers((await readAll(log, 1)).events), written)
  assert.deepEqual(numbers((await readAll(log, 2, early)).events), written.slice(3))
})

test('months are made ahead, and no event falls outside them', async () => {
  await using scratch = await scratchDatabase()
  const db = await scratch.open(things1)
  await using _log = await serve(db)
  const owner = await scratch.connect()
  const months = await owner.query(
    `select count(*)::int as n from pg_inherits where inhparent = 'things.events'::regclass`,
  )
  assert.equal(months.rows[0].n, 4)
  for (const at of [`now() + interval '2 months'`, `now() - interval '20 days'`])
    await owner.query(
      `insert into things.events (at, era, id, stream, version, type, data) values (${at}, 1, gen_random_uuid(), 'm', 1, 'x', '{}')`,
    )
  await assert.rejects(
    owner.query(
      `insert into things.events (at, era, id, stream, version, type, data) values (now() + interval '1 year', 1, gen_random_uuid(), 'm', 1, 'x', '{}')`,
    ),
    /no partition/,
  )
})
