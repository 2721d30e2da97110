import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { effectsOf, type LeasesPlace, leasesPlace, load } from './leases-rig.ts'
import { until } from './rig.ts'

/** Ms until what a dead or stopped instance held is in other hands. */
const takenWithin = 3_000

function holder(place: LeasesPlace, who: string) {
  const { urls } = place
  const child = fork(
    fileURLToPath(new URL('./lease-holder.ts', import.meta.url)),
    [urls.get('things')!, urls.get('listener')!, who],
    {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    },
  )
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
  return { child, stop, [Symbol.asyncDispose]: stop }
}

/** Strikes a child that holds a share under load; returns once this process has its share, and says how long that took. */
async function strike(
  t: TestContext,
  place: LeasesPlace,
  blow: (child: ChildProcess) => void,
  child: ChildProcess,
) {
  await until(async () => (await place.owners()) === 2, 'a share for each')
  await until(async () => (await place.effects()).some(each => each.who === 'child'), 'work of the child')
  const ownerOfRest = async () => (await place.owners()) === 1
  blow(child)
  const at = performance.now()
  await until(ownerOfRest, 'all shares in one hand')
  const took = performance.now() - at
  t.diagnostic(`taken over in ${took.toFixed(0)} ms`)
  assert.ok(took < takenWithin, `${took.toFixed(0)} ms`)
}

test('an instance is killed under load: its share is taken over, nothing is lost or twice, the order holds', async t => {
  await using place = await leasesPlace()
  await using _own = await place.run(effectsOf('own'))
  await using other = holder(place, 'child')
  await using busy = load(place)
  await strike(t, place, child => child.kill('SIGKILL'), other.child)
  await busy.end()
  await place.untilAllDone()
  await place.assertOnceInOrder()
})

test('an instance is stopped for longer than its lease, and wakes up: the same, and it gets a share again', async t => {
  await using place = await leasesPlace()
  await using _own = await place.run(effectsOf('own'))
  await using other = holder(place, 'child')
  await using busy = load(place)
  for (let i = 0; i < 3; i++) {
    await strike(t, place, child => child.kill('SIGSTOP'), other.child)
    const before = place.count()
    await until(async () => (await place.effects()).length > before, 'work of the other')
    other.child.kill('SIGCONT')
  }
  await until(async () => (await place.owners()) === 2, 'a share for each again')
  await busy.end()
  await place.untilAllDone()
  await place.assertOnceInOrder()
})

test('an instance is stopped in the middle of a transaction: it holds no lock, and its effect is another’s', async t => {
  await using place = await leasesPlace()
  await using other = holder(place, 'child')
  await until(async () => (await place.owners()) === 1, 'the child’s share')
  await using _own = await place.run(effectsOf('own'))
  await until(async () => (await place.owners()) === 2, 'a share for each')
  const inTransaction = new Promise<void>(resolve => {
    other.child.on('message', message => message === 'in its transaction' && resolve())
  })
  // Whoever holds this stream's share: when it is not the child, the child is made to get it.
  await place.happen(1, () => 'stop here')
  const hadByOwn = place.untilAllDone().then(() => 'had' as const)
  if ((await Promise.race([inTransaction, hadByOwn])) === 'had') {
    await _own.stop()
    await place.happen(1, () => 'stop here')
    await inTransaction
  }
  other.child.kill('SIGSTOP')
  const at = performance.now()
  await using _third = await place.run(effectsOf('third'))
  await place.untilAllDone()
  const took = performance.now() - at
  t.diagnostic(`had by another after ${took.toFixed(0)} ms`)
  assert.ok(took < takenWithin, `${took.toFixed(0)} ms`)
  other.child.kill('SIGCONT')
  other.child.send('go on')
  await until(async () => (await place.owners()) >= 2, 'the child is there again')
  await place.happen(50)
  await place.untilAllDone()
  await place.assertOnceInOrder()
})
