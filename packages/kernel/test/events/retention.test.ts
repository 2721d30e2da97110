import assert from 'node:assert/strict'
import { test } from 'node:test'
import { archiveMonth, dropMonth, type EventCursor, listPastMonths, trimTicks } from '@plaza/kernel/events'
import { scratchDatabase } from '@plaza/kernel/scratch-database'
import { happen, serve, things, until } from './rig.ts'

const service = { name: things.name, migrations: undefined }

test('a month is archived and dropped once every subscriber has passed it, and the rest is read as before', async () => {
  await using scratch = await scratchDatabase()
  const db = await scratch.open(service)
  await using log = await serve(db)
  const owner = await scratch.connect()
  await owner.query('set search_path = things')
  const { cursor: early } = await log.handlers.$pullEvents({ begin: 'now', limit: 10, wait: 0 })
  // What happened in the month before: 1,500 events, as if written then.
  await owner.query(
    `insert into events (at, era, id, stream, version, type, data)
     select date_trunc('month', now()) - interval '3 days', 1, gen_random_uuid(), 'old', n, 'happened', '{"n":0}' from generate_series(1, 1500) n`,
  )
  const [n] = await happen(db)
  const pull = (cursor: typeof early) => log.handlers.$pullEvents({ cursor, limit: 2_000, wait: 0 })
  await until(async () => (await pull(early)).events.length === 1_501)
  const { cursor: late } = await pull(early)

  const [month] = await listPastMonths(owner)
  assert.equal((await listPastMonths(owner)).length, 1, 'this month is not over')
  const lines: string[] = []
  assert.equal(await archiveMonth(owner, month!.name, async line => void lines.push(line)), 1_500)
  assert.equal(JSON.parse(lines[7]!).version, 8)
  await assert.rejects(dropMonth(owner, month!.name, [late, early]), /has not passed/)
  await assert.rejects(dropMonth(owner, 'events_2999_01', [late]), /no month of this log that is over/)
  await assert.rejects(dropMonth(owner, 'streams', [late]), /not the name of a month/)
  await dropMonth(owner, month!.name, [late])

  const left = await log.handlers.$pullEvents({ limit: 1_999, wait: 0 })
  assert.deepEqual(
    left.events.map(event => event.data),
    [{ n }],
  )
  await happen(db)
  await until(async () => (await pull(late)).events.length === 1)
})

test('old ticks are trimmed, but never where two runs of the log meet; a cursor older than they are stays good', async () => {
  await using scratch = await scratchDatabase()
  const db = await scratch.open(service)
  const owner = await scratch.connect()
  let early: EventCursor | undefined
  const pull = (log: Awaited<ReturnType<typeof serve>>): ReturnType<typeof log.handlers.$pullEvents> =>
    log.handlers.$pullEvents({ ...(early && { cursor: early }), limit: 100, wait: 0 })
  {
    await using log = await serve(db)
    for (let i = 1; i <= 5; i++) {
      await happen(db)
      await until(async () => (await pull(log)).events.length === i)
    }
    early = (await pull(log)).cursor
    await happen(db, 4)
    await until(async () => (await pull(log)).events.length === 4)
  }
  await owner.query(`update things.log set started = started - interval '1 day'`)
  await using log = await serve(db)
  const { rows } = await owner.query('select max(base_tick)::int as base from things.histories')
  const base: number = rows[0].base
  // A busy day: ticks that show nothing new, long ago.
  await owner.query(
    `insert into things.ticks
     select last.tick + n, era, snapshot, total, high, now() - interval '3 hours' from generate_series(1, 5000) n, (select * from things.ticks order by tick desc limit 1) last`,
  )
  await owner.query(`update things.ticks set at = now() - interval '4 hours'`)
  assert.ok((await trimTicks(db)) > 3_900)
  const kept = (await owner.query('select tick::int from things.ticks order by tick')).rows.map(
    row => row.tick,
  )
  assert.ok([0, base].every(tick => kept.includes(tick)))
  assert.ok(!kept.includes(early!.from.tick))
  await happen(db, 2)
  await until(async () => (await pull(log)).events.length === 6)
})
