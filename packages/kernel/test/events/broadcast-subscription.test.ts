import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type BroadcastSubscription, broadcast, type EventLog, runSubscription } from '@plaza/kernel/events'
import { scratchDatabase } from '@plaza/kernel/scratch-database'
import { callTo, happen, kit, serve, things, until } from './rig.ts'

const service = { name: things.name, migrations: undefined }

function run(subscription: BroadcastSubscription, current: () => EventLog | undefined) {
  const running = runSubscription(subscription, {
    ...kit(undefined as never, callTo(current)),
    db: undefined,
  })
  return { ...running, [Symbol.asyncDispose]: () => running.stop() }
}

test('it loads first, and hears all that happens from before the load on', async () => {
  await using scratch = await scratchDatabase()
  const db = await scratch.open(service)
  await using log = await serve(db)
  await happen(db, 3)
  const heard: number[] = []
  let loading = 0
  let during: number[] = []
  const subscription = broadcast(
    'cache',
    things,
    { happened: event => void heard.push(event.data.n) },
    async () => {
      loading++
      assert.deepEqual(heard, [], 'nothing is heard before it has loaded')
      during = await happen(db, 2)
    },
  )
  await using running = run(subscription, () => log)
  assert.equal(running.isCaughtUp(), false)
  await running.caughtUp()
  assert.equal(running.isCaughtUp(), true)
  const after = await happen(db, 2)
  await until(() => heard.includes(after[1]!))
  assert.deepEqual(heard.slice(-4), [...during, ...after])
  assert.equal(loading, 1)
})

test('a handler that throws may have lost something: it loads anew and is not level until then', async () => {
  await using scratch = await scratchDatabase()
  const db = await scratch.open(service)
  await using log = await serve(db)
  let loads = 0
  let failing = true
  const heard: number[] = []
  const subscription = broadcast(
    'cache',
    things,
    {
      happened: event => {
        if (failing) throw new Error('no room')
        heard.push(event.data.n)
      },
    },
    () => {
      loads++
    },
  )
  await using running = run(subscription, () => log)
  await running.caughtUp()
  await happen(db)
  await until(() => loads >= 2)
  failing = false
  await until(() => running.isCaughtUp())
  const [n] = await happen(db)
  await until(() => heard.includes(n!))
})

test('when its producer comes back after being away, it goes on where it was', async () => {
  await using scratch = await scratchDatabase()
  const db = await scratch.open(service)
  await using log = await serve(db)
  let current: EventLog | undefined = log
  let loads = 0
  const heard: number[] = []
  const subscription = broadcast(
    'cache',
    things,
    { happened: event => void heard.push(event.data.n) },
    () => {
      loads++
    },
  )
  await using running = run(subscription, () => current)
  await running.caughtUp()
  current = undefined
  log.drain() // what waits is answered; the next call finds nobody
  const written = await happen(db, 3)
  await using again = await serve(db)
  current = again
  await until(() => heard.length === 3)
  assert.deepEqual(heard, written)
  assert.equal(loads, 1)
})
