import assert from 'node:assert/strict'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { skipUnless } from '@plaza/testing'
import { copyBack, type ThrowawayServer } from '@plaza/testing/throwaway-server'
import {
  assertOnce,
  dumpOf,
  happenUnticked,
  Listener,
  newServer,
  producerOn,
  replicaOf,
  restore,
  settle,
  untilReplayed,
} from './moving-log.ts'
import { happen, serve, until } from './rig.ts'

// A log that moves: to another server, to a promoted replica, back in time. The listener's effects are on a server that stays.
const needs = await skipUnless('postgresql-15-programs')
let home: ThrowawayServer

before(async () => {
  if (needs.skip === false) home = await newServer()
})
after(() => home?.[Symbol.asyncDispose]())

test(
  'dump and restore: events no tick had shown, lower transaction ids, writers before the log is opened',
  needs,
  async t => {
    await using server = await newServer()
    await using listener = await Listener.start(home)
    await using before = await settle(server, listener)
    for (let i = 0; i < 200; i++) await server.query('select pg_current_xact_id()')
    await listener.has(await happen(before.db, 50, i => `s${i % 5}`))
    await before.leave()
    await happenUnticked(server, 400, 100_000)
    const dump = await dumpOf(server)
    await using next = await newServer()
    await restore(dump, next)
    const early = await producerOn(next)
    await assert.rejects(
      happen(early),
      { code: 'unavailable' },
      'no writer is let in before the log is opened',
    )
    await early.close()
    await using after = await settle(next, listener)
    await happen(after.db, 30, i => `s${i % 5}`)
    await assertOnce(t, next, listener)
    const [row] = await next.query('select era, branch from things.log')
    assert.deepEqual(row, { era: 2, branch: 2 })
    await after.leave()
  },
)

test(
  'a dump older than the cursor: what it holds comes once, what was handled since is skipped',
  needs,
  async t => {
    await using server = await newServer()
    await using listener = await Listener.start(home)
    await using before = await settle(server, listener)
    await listener.has(await happen(before.db, 40))
    await before.leave()
    await happenUnticked(server, 60, 200_000)
    const dump = await dumpOf(server)
    await using again = await settle(server, listener)
    const gone = await happen(again.db, 25)
    await listener.has([...gone, 200_059])
    await again.leave()
    await using next = await newServer()
    await restore(dump, next)
    await using after = await settle(next, listener)
    await happen(after.db, 30)
    await assertOnce(t, next, listener, gone)
    await after.leave()
  },
)

test('a logical copy, whose sequence begins again at 1', needs, async t => {
  await using server = await newServer({ wal_level: 'logical' })
  await using listener = await Listener.start(home)
  await using before = await settle(server, listener)
  await listener.has(await happen(before.db, 300, i => `s${i % 7}`))
  const schema = join(dirname(server.data), 'schema')
  const connection = ['-h', '127.0.0.1', '-p', `${server.port}`, '-U', 'postgres']
  await server.run('pg_dump', '-Fc', '--schema-only', '-f', schema, ...connection, 'postgres')
  await using next = await newServer()
  await restore(schema, next)
  await server.query('create publication moving for all tables')
  await next.query(
    `create subscription moving connection 'host=127.0.0.1 port=${server.port} user=postgres dbname=postgres' publication moving`,
  )
  const late = await happen(before.db, 40)
  await listener.has(late)
  await before.leave()
  await happenUnticked(server, 20, 300_000)
  const count = async (on: ThrowawayServer) =>
    Number((await on.query('select count(*) n from things.events'))[0]!.n)
  const isSynced = async () =>
    (await next.query(`select bool_and(srsubstate = 'r') as done from pg_subscription_rel`))[0]!.done === true
  await until(async () => (await isSynced()) && (await count(next)) === (await count(server)), 'the copy')
  await next.query('drop subscription moving')
  assert.equal((await next.query('select last_value::int as v from things.events_position'))[0]!.v, 1)
  await using after = await settle(next, listener)
  await happen(after.db, 30, i => `s${i % 7}`)
  await assertOnce(t, next, listener)
  await after.leave()
})

test('a promoted replica, with a prepared transaction from one life into the other', needs, async t => {
  const settings = { max_prepared_transactions: '5' }
  await using server = await newServer(settings)
  await using listener = await Listener.start(home)
  await using before = await settle(server, listener)
  await using replica = await replicaOf(server, settings)
  {
    await using standby = await producerOn(replica).then(db => ({
      db,
      [Symbol.asyncDispose]: () => db.close(),
    }))
    await assert.rejects(serve(standby.db), /standby/)
  }
  await listener.has(await happen(before.db, 60))
  await server.query(
    `begin; set local search_path = things;
     select append_events(array[gen_random_uuid()], '{prepared}', '{happened}', array['{"n":400000}']::jsonb[]);
     prepare transaction 'across'`,
  )
  await listener.has(await happen(before.db, 20))
  await untilReplayed(server, replica)
  await before.leave()
  await server.crash()
  await replica.query('select pg_promote()')
  await using after = await settle(replica, listener)
  await happen(after.db, 20)
  await replica.query(`commit prepared 'across'`)
  await happen(after.db, 20)
  await listener.has([400_000])
  await assertOnce(t, replica, listener)
  const [row] = await replica.query('select era, branch from things.log')
  assert.deepEqual(row, { era: 1, branch: 2 })
  await after.leave()
})

test(
  'a promoted replica that lacks the last events: those present come once, the lost ones cannot be undone',
  needs,
  async t => {
    await using server = await newServer()
    await using listener = await Listener.start(home)
    await using before = await settle(server, listener)
    await using replica = await replicaOf(server, {})
    await listener.has(await happen(before.db, 30))
    await before.leave()
    await happenUnticked(server, 40, 500_000)
    await untilReplayed(server, replica)
    await replica.stop()
    await using again = await settle(server, listener)
    const gone = await happen(again.db, 70)
    await listener.has([...gone, 500_039])
    await again.leave()
    await server.crash()
    await replica.start()
    await replica.query('select pg_promote()')
    await using after = await settle(replica, listener)
    await happen(after.db, 90)
    await assertOnce(t, replica, listener, gone)
    await after.leave()
  },
)

test('a data folder copied back, after restarts the copy knows nothing of', needs, async t => {
  await using server = await newServer()
  await using listener = await Listener.start(home)
  await using first = await settle(server, listener)
  await listener.has(await happen(first.db, 30))
  await first.leave()
  await happenUnticked(server, 10, 600_000)
  await server.stop()
  await using backup = await server.copy()
  const gone: number[] = []
  for (let life = 0; life < 2; life++) {
    await server.start()
    await using next = await settle(server, listener)
    gone.push(...(await happen(next.db, 15)))
    await listener.has([...gone, 600_009])
    await next.leave()
    await server.stop()
  }
  await copyBack(backup, server)
  await server.start()
  await using last = await settle(server, listener)
  await happen(last.db, 80)
  await assertOnce(t, server, listener, gone)
  await last.leave()
})

test('a log that shares no past with the listener is not read', needs, async () => {
  await using server = await newServer()
  await using listener = await Listener.start(home)
  await using first = await settle(server, listener)
  const known = await happen(first.db, 5)
  await listener.has(known)
  await first.leave()
  await using stranger = await newServer()
  await using other = await settle(stranger, listener)
  await happen(other.db, 5)
  await until(() => listener.complaints.includes('event-log-replaced'))
  assert.deepEqual(await listener.effects(), known)
  await other.leave()
})
