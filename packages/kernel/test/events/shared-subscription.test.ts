import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Db, Tx } from '@plaza/kernel/data'
import {
  type EventOf,
  runSubscription,
  type SharedOptions,
  shared,
  sharedInBatches,
} from '@plaza/kernel/events'
import { scratchDatabase } from '@plaza/kernel/scratch-database'
import { callTo, happen, kit, letters, serve, things, until } from './rig.ts'

const migrations = new URL('./migrations/', import.meta.url)

/** A producer and a listener, each in its own schema, as one test needs them. */
async function pair() {
  await using undo = new AsyncDisposableStack()
  const scratch = undo.use(await scratchDatabase())
  const db = await scratch.open({ name: things.name, migrations: undefined })
  const own = await scratch.open({ name: 'listener', migrations })
  const log = undo.use(await serve(db))
  const owner = await scratch.connect()
  const effects = async (): Promise<number[]> =>
    (await owner.query('select number from listener.effects order by n')).rows.map(row => row.number)
  const parts = undo.move()
  const call = callTo(() => log)
  return { scratch, db, own, log, owner, effects, call, [Symbol.asyncDispose]: () => parts.disposeAsync() }
}

type Happened = EventOf<typeof things, 'happened'>

const write = (tx: Tx, { stream, data }: Happened) =>
  tx.execute('effect', 'insert into effects (number, stream) values ($1, $2)', [data.n, stream])

/** A subscription that writes what it hears, after `before`. */
const writing = (before: (event: Happened) => void = () => {}, options: SharedOptions = {}) =>
  shared(
    'effects',
    things,
    {
      happened: async (event, tx) => {
        await write(tx, event)
        before(event)
      },
    },
    options,
  )

const run = (subscription: ReturnType<typeof writing>, own: Db, call: ReturnType<typeof callTo>) => {
  const running = runSubscription(subscription, kit(own, call))
  return { ...running, [Symbol.asyncDispose]: () => running.stop() }
}

test('who begins hears everything from the first event on, and who begins again goes on where it was', async () => {
  await using all = await pair()
  const written = await happen(all.db, 7)
  {
    await using running = run(writing(), all.own, all.call)
    await running.caughtUp()
    await until(async () => (await all.effects()).length === 7)
  }
  written.push(...(await happen(all.db, 5)))
  await using _again = run(writing(), all.own, all.call)
  await until(async () => (await all.effects()).length === 12)
  assert.deepEqual(await all.effects(), written)
})

test('two processes with one subscription have each effect once, in order', async () => {
  await using all = await pair()
  const second = await all.scratch.open({ name: 'listener', migrations })
  await using _one = run(writing(), all.own, all.call)
  await using _two = run(writing(), second, all.call)
  const written: number[] = []
  for (let i = 0; i < 40; i++) written.push(...(await happen(all.db, 1 + (i % 5))))
  await until(async () => (await all.effects()).length >= written.length)
  assert.deepEqual(await all.effects(), written)
})

test('an effect whose commit is cut off is had once all the same', async () => {
  await using all = await pair()
  const axe = await all.scratch.connect()
  let cuts = 0
  const cutting = shared('effects', things, {
    happened: async (event, tx) => {
      await write(tx, event)
      if (cuts++ % 3 !== 0 || cuts > 20) return
      const { rows } = await tx.execute('pid', 'select pg_backend_pid() as pid', [])
      // While the commit is on its way: whether it was had before the end of the connection nobody tells.
      setTimeout(() => axe.query('select pg_terminate_backend($1)', [rows[0].pid]).catch(() => {}), cuts % 4)
    },
  })
  await using _running = run(cutting, all.own, all.call)
  const written: number[] = []
  for (let i = 0; i < 15; i++) written.push(...(await happen(all.db)))
  await until(async () => (await all.effects()).length >= written.length)
  assert.deepEqual(await all.effects(), written)
  assert.ok(cuts > 1)
})

test('what fails once is tried again, and nothing of the failed attempt is left', async () => {
  await using all = await pair()
  let failures = 0
  const failing = writing(event => {
    if (event.version === 2 && failures++ < 2) throw new Error('not this time')
  })
  await using _running = run(failing, all.own, all.call)
  const written = await happen(all.db, 3)
  await until(async () => (await all.effects()).length === 3)
  assert.deepEqual(await all.effects(), written)
  assert.deepEqual((await letters(all.own, [failing]).$deadLetters({ limit: 10 })).items, [])
})

test('what cannot be handled is parked; later events of its stream wait, others pass; a retry keeps the order', async () => {
  await using all = await pair()
  let broken = true
  const failing = writing(event => {
    if (event.stream === 'bad' && event.version === 2 && broken) throw new Error('poison')
  })
  const { $deadLetters, $retryDeadLetter } = letters(all.own, [failing])
  await using _running = run(failing, all.own, all.call)
  const bad = await happen(all.db, 4, 'bad')
  const good = await happen(all.db, 2, 'good')
  await until(async () => (await $deadLetters({ limit: 10 })).items.length === 3)
  bad.push(...(await happen(all.db, 1, 'bad')))
  await until(async () => (await $deadLetters({ limit: 10 })).items.length === 4)
  assert.deepEqual(await all.effects(), [bad[0], ...good])

  const { items } = await $deadLetters({ limit: 10 })
  assert.deepEqual(
    items.map(({ stream, version, error, attempts }) => [stream, version, error, attempts]),
    [
      ['bad', 2, 'Error: poison', 5],
      ['bad', 3, null, 0],
      ['bad', 4, null, 0],
      ['bad', 5, null, 0],
    ],
  )
  const last = items.at(-1)!.id
  assert.deepEqual(await $retryDeadLetter({ id: last }), { handled: 0, left: 4, error: 'Error: poison' })
  broken = false
  assert.deepEqual(await $retryDeadLetter({ id: last }), { handled: 4, left: 0, error: null })
  bad.push(...(await happen(all.db, 1, 'bad')))
  await until(async () => (await all.effects()).length === bad.length + good.length)
  assert.deepEqual(
    (await all.effects()).filter(n => bad.includes(n)),
    bad,
  )
  await assert.rejects($retryDeadLetter({ id: last }), { code: 'dead-letter-not-found' })
})

test('a dropped letter lets those behind it go on', async () => {
  await using all = await pair()
  const failing = writing(event => {
    if (event.version === 1) throw new Error('poison')
  })
  const { $deadLetters, $dropDeadLetter } = letters(all.own, [failing])
  await using _running = run(failing, all.own, all.call)
  const written = await happen(all.db, 3)
  await until(async () => (await $deadLetters({ limit: 10 })).items.length === 3)
  const page = await $deadLetters({ limit: 1 })
  assert.equal(page.next, page.items[0]!.id)
  assert.deepEqual(await $dropDeadLetter({ id: page.items[0]!.id }), { handled: 2, left: 0, error: null })
  assert.deepEqual(await all.effects(), written.slice(1))
})

test('where order does not matter, later events pass a parked one by', async () => {
  await using all = await pair()
  const failing = writing(
    event => {
      if (event.version === 2) throw new Error('poison')
    },
    { onParked: 'pass' },
  )
  await using _running = run(failing, all.own, all.call)
  const written = await happen(all.db, 4)
  await until(async () => (await all.effects()).length === 3)
  assert.deepEqual(await all.effects(), [written[0], written[2], written[3]])
})

test('a database that is away or busy parks nothing, however long it takes', async () => {
  await using all = await pair()
  let busy = 7
  const failing = shared('effects', things, {
    happened: async (event, tx) => {
      await write(tx, event)
      if (busy-- > 0)
        await tx.execute('busy', `do $$ begin raise exception 'busy' using errcode = '40P01'; end $$`, [])
    },
  })
  await using _running = run(failing, all.own, all.call)
  const written = await happen(all.db, 2)
  await until(async () => (await all.effects()).length === 2)
  assert.deepEqual(await all.effects(), written)
  assert.ok(busy < 0)
})

test('a batch is handed over whole; when it fails its events come one by one, and only the bad one is parked', async () => {
  await using all = await pair()
  const sizes: number[] = []
  const batches = sharedInBatches('effects', things, ['happened'], async (events, tx) => {
    sizes.push(events.length)
    for (const event of events) await write(tx, event)
    if (events.some(event => event.version === 3)) throw new Error('poison')
  })
  const written = await happen(all.db, 5)
  await using _running = run(batches, all.own, all.call)
  await until(async () => (await letters(all.own, [batches]).$deadLetters({ limit: 10 })).items.length === 3)
  assert.deepEqual(await all.effects(), written.slice(0, 2))
  assert.equal(sizes[0], 5)
})

test('events of no concern move the cursor too, so that old months can be dropped', async () => {
  await using all = await pair()
  const others = shared('effects', things, { ignored: () => {} })
  await using _running = run(others, all.own, all.call)
  await happen(all.db, 3)
  const total = async () => {
    const { rows } = await all.owner.query(
      `select (cursor->'from'->>'total')::int as total from listener.subscription_shares`,
    )
    return rows[0]?.total
  }
  await until(async () => (await total()) === 3)
})
