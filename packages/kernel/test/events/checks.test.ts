import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newContext } from '@plaza/kernel/call'
import { toUuid } from '@plaza/kernel/data'
import { eventChecks, runSubscription, type SharedOptions, shared } from '@plaza/kernel/events'
import { jobChecks } from '@plaza/kernel/jobs'
import { scratchDatabase } from '@plaza/kernel/scratch-database'
import type { Check } from '@plaza/kernel/service'
import { callTo, happen, kit, serve, things, until } from './rig.ts'

/** A producer and a listener that counts what it hears; the listener's checks, and the hand that breaks what they check. */
async function square(hears: (n: number) => void = () => {}, options: SharedOptions = {}) {
  await using undo = new AsyncDisposableStack()
  const scratch = undo.use(await scratchDatabase())
  const db = await scratch.open({ name: things.name, migrations: undefined })
  const own = await scratch.open({ name: 'listener', migrations: undefined })
  let log = await serve(db)
  undo.defer(() => log.stop())
  const owner = await scratch.connect()
  const call = callTo(() => log)
  let heard = 0
  const subscription = shared(
    'ears',
    things,
    {
      happened: ({ data }) => {
        hears(data.n)
        heard++
      },
    },
    options,
  )
  const checks = { ...eventChecks({ db: own, call }, [subscription]), ...jobChecks(own) }
  const parts = undo.move()
  return {
    db,
    owner,
    /** As the server's restart is noted. */
    restart: async () => {
      await log.stop()
      await owner.query(`
        insert into things.histories (branch, reason, era, identity, timeline, started, base_tick)
        select branch + 1, 'restarted', era, identity, timeline, started, (select max(tick) from things.ticks)
        from things.histories
        order by branch desc
        limit 1`)
      await owner.query('update things.log set branch = branch + 1')
      log = await serve(db)
    },
    run: () => {
      const running = runSubscription(subscription, kit(own, call))
      return { ...running, [Symbol.asyncDispose]: () => running.stop() }
    },
    /** Runs until so many were heard, and stops. */
    hear: async (count: number) => {
      const running = runSubscription(subscription, kit(own, call))
      await until(() => heard >= count, `${count} events were heard`)
      await running.stop()
    },
    look: (name: string) => lookAll(checks[name]!),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}

async function lookAll(check: Check) {
  const context = newContext({ requestId: 'test', deadline: Date.now() + 20_000 })
  const breaches: { id: string; detail: string }[] = []
  let checked = 0
  for (let after: string | undefined, parts = 0; ; parts++) {
    assert.ok(parts < 100, 'it comes to an end')
    const part = await check.look(after, context)
    checked += part.checked
    breaches.push(...part.breaches)
    if (part.next === null) return { checked, breaches }
    after = part.next
  }
}

const inOrder = { breaches: [] as unknown[] }

test('where all is in order nothing is found, and everything was looked at', async () => {
  await using all = await square()
  const stream = (i: number) => `stream ${i % 40}`
  await happen(all.db, 5_100, stream)
  {
    await using _one = all.run()
    await using _two = all.run()
    await all.hear(5_100)
    await happen(all.db, 60, stream)
    await all.hear(5_160)
  }
  assert.deepEqual(await all.look('$handled'), { checked: 5_160, ...inOrder })
  for (const name of ['$cursors', '$level', '$letters', '$jobs'])
    assert.deepEqual((await all.look(name)).breaches, [], name)
  assert.ok((await all.look('$cursors')).checked >= 1)
})

test('an event that was passed by is found', async () => {
  await using all = await square()
  await happen(all.db, 20)
  await all.hear(20)
  const { rows } = await all.owner.query<{ id: string }>(
    'select id::text from things.events where version = 7',
  )
  await all.owner.query('update listener.handled_events set events = array_remove(events, $1::uuid)', [
    rows[0]!.id,
  ])
  const { checked, breaches } = await all.look('$handled')
  assert.deepEqual([checked, breaches.length], [20, 1])
  assert.equal(toUuid(breaches[0]!.id.split('/')[1]!), rows[0]!.id)
  assert.match(breaches[0]!.detail, /^things\.happened, version 7 of a, .*: passed by$/)
})

test('what is parked, and waits behind it, is in order; what went before its turn is found', {
  timeout: 30_000,
}, async () => {
  let bad = 0
  await using all = await square(n => {
    if (n === bad) throw new Error('no')
  })
  bad = (await happen(all.db, 4))[1]!
  {
    await using _running = all.run()
    const parked = async () => (await all.owner.query('select from listener.dead_letters')).rowCount
    await until(async () => (await parked()) === 3, 'three were parked')
  }
  for (const name of ['$handled', '$letters'])
    assert.deepEqual(await all.look(name), { checked: name === '$handled' ? 4 : 3, ...inOrder })

  await all.owner.query('delete from listener.dead_letters where version = 3')
  const { breaches } = await all.look('$handled')
  assert.equal(breaches.length, 1)
  assert.match(breaches[0]!.detail, /version 3 of a.*before the dead letters of its stream/)

  await all.owner.query('update listener.dead_letters set version = 9 where version = 2')
  assert.deepEqual((await all.look('$letters')).breaches, [
    { id: '3', detail: 'version 4 of a (ears) stands behind a later one' },
  ])
})

test('what was handled before a restart is compared after it too', async () => {
  await using all = await square()
  await happen(all.db, 20)
  await all.hear(20)
  await all.restart()
  for (let i = 0; i < 2; i++) {
    assert.deepEqual(await all.look('$handled'), { checked: 20 + i, ...inOrder })
    assert.deepEqual(await all.look('$cursors'), { checked: 1, ...inOrder })
    await happen(all.db, 1)
    await all.hear(21 + i)
  }
})

test('a cursor beyond its log, of another log, or of no form is found', async () => {
  await using all = await square()
  await happen(all.db, 5)
  await all.hear(5)
  const { rows } = await all.owner.query('select cursor from listener.subscription_shares')
  const set = (path: string, value: string) =>
    all.owner.query('update listener.subscription_shares set cursor = jsonb_set($1, $2::text[], $3)', [
      rows[0]!.cursor,
      path,
      value,
    ])
  const look = async () => (await all.look('$cursors')).breaches
  assert.deepEqual(await look(), [])
  await set('{from,tick}', '999')
  assert.match((await look())[0]!.detail, /at tick 999 .*, the log at/)
  await set('{from,total}', '99')
  assert.match((await look())[0]!.detail, /\(99 events\), the log at/)
  await set('{branch}', '"4b1c2f9e-5a0d-4b7e-9c57-1f0e2d3c4b5a"')
  assert.match((await look())[0]!.detail, /of the run 4b1c2f9e-.*, which the log does not know/)
  await set('{branch}', 'null')
  assert.match((await look())[0]!.detail, /no form/)
})

test('streams that are in no share, or in two, are found', async () => {
  await using all = await square()
  await happen(all.db, 5)
  await all.hear(5)
  await all.owner.query('update listener.subscription_shares set buckets = buckets & ~8')
  assert.deepEqual((await all.look('$cursors')).breaches, [
    { id: 'ears', detail: 'its 1 shares hold 15 buckets of streams, 15 different ones of 16' },
  ])
  await all.owner.query(`
    insert into listener.subscription_shares (subscription, producer, cursor, share, buckets)
    select subscription, producer, cursor, 3, 8 + 16 from listener.subscription_shares`)
  assert.match((await all.look('$cursors')).breaches[0]!.detail, /2 shares hold 17 buckets of streams, 16/)
})

test('a subscription that stands still before an event, or never began, is found', async () => {
  await using all = await square()
  await happen(all.db, 3)
  const look = async () => (await all.look('$level')).breaches
  assert.deepEqual(await look(), [], 'it may be about to begin')
  await all.owner.query(`update things.events set at = at - interval '3 minutes'`)
  // What was read a moment ago is not read again at once.
  await until(async () => (await look()).length > 0, 'it was found')
  assert.match((await look())[0]!.detail, /^it never began, with 3 events before it: event_/)

  await all.hear(3)
  assert.deepEqual(await look(), [])
  await all.owner.query(`update listener.subscription_shares set moved_at = now() - interval '3 minutes'`)
  assert.deepEqual(await look(), [], 'there is nothing to hear')
  await happen(all.db, 2)
  assert.deepEqual(await look(), [], 'it may be about to hear it')
  await all.owner.query(`update things.events set at = at - interval '3 minutes'`)
  await until(async () => (await look()).length > 0, 'it was found')
  assert.match((await look())[0]!.detail, /^it has not moved for 18\d s, with 2 events before it: event_/)
})

test('a job that nobody begins is found', async () => {
  await using all = await square()
  const { rows } = await all.owner.query<{ id: string }>(`
    insert into listener.jobs (id, kind, data, due_at)
    select gen_random_uuid(), kind, '{}', now() - late * interval '1 minute'
    from (values ('soon', -1), ('late', 9), ('left', 11)) given (kind, late)
    returning id, kind`)
  const { checked, breaches } = await all.look('$jobs')
  assert.equal(checked, 3)
  assert.equal(breaches.length, 1)
  assert.equal(toUuid(breaches[0]!.id), rows[2]!.id)
  assert.match(breaches[0]!.detail, /^left, due .*, begun 0 times$/)
})
