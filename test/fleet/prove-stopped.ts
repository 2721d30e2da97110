import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { toUuid } from '@plaza/kernel/data'
import type { Writer } from '../kill/writer.ts'
import { CountDelays } from './count-delays.ts'
import { Load, type ProvingGround } from './proving-ground.ts'
import { type RunningFleet, stopped } from './running-fleet.ts'

/** How long (ms) a process is stopped: far past its leases and the patience of those who call it. */
const stopFor = 10_000
/** Within this time (ms) another instance takes over what a stopped one had. */
const takenOverWithin = 3_000

/**
 * One of two instances of users, which share the counting of posts, is stopped: the other counts for it, soon enough; when it goes on, nothing is
 * counted twice. Tells how long the slowest count took.
 */
export async function proveTakenOver(
  ground: ProvingGround,
  name: string,
  authors: readonly Writer[],
  people: readonly Writer[],
): Promise<{ readonly usual: number; readonly slowest: number; readonly counted: number }> {
  const { fleet } = ground
  const { pid } = await fleet.named(name)
  const ids = authors.map(each => toUuid(each.id))
  const result = await fleet.withOwner(async client => {
    const delays = new CountDelays(client, ids)
    await using load = new Load([...authors, ...people], fleet.gateways)
    await load.more(200)
    await sleep(2_000)
    const usual = delays.take().slowest
    {
      using _ = stopped(pid)
      await assertStopped(pid)
      await sleep(stopFor)
    }
    const { seen: counted, slowest } = delays.take()
    await load.more(100)
    await load.end()
    await delays.end()
    return { usual, slowest, counted }
  })
  assert.equal((await fleet.named(name)).pid, pid, 'it is the same process still')
  await ground.compare([...authors, ...people], false)
  assert.ok(result.counted > 5, `${result.counted} posts were written while ${name} was stopped`)
  const most = takenOverWithin + Math.max(1_000, 3 * result.usual)
  assert.ok(result.slowest < most, `a post was counted only after ${Math.round(result.slowest)} ms`)
  return result
}

/** One instance of each is stopped: clients at the other gateway go on all the time, and when all go on nothing is lost or doubled. */
export async function proveOthersGoOn(
  ground: ProvingGround,
  names: readonly string[],
  here: readonly Writer[],
  there: readonly Writer[],
): Promise<{ readonly answered: number }> {
  const { fleet } = ground
  const pids = await Promise.all(names.map(async name => (await fleet.named(name)).pid))
  const url = await urlBeside(fleet, names)
  await using load = new Load(here, [url])
  await using everywhere = new Load(there, fleet.gateways)
  await Promise.all([load.more(50), everywhere.more(50)])
  const before = load.tally.answered
  {
    using _ = stopped(...pids)
    for (const pid of pids) await assertStopped(pid)
    for (let left = stopFor; left > 0; left -= 2_500) {
      const answered = load.tally.answered
      await sleep(2_500)
      assert.ok(load.tally.answered > answered, `${url} still answers without ${names.join(', ')}`)
    }
  }
  const answered = load.tally.answered - before
  await Promise.all([load.more(50), everywhere.more(50)])
  await Promise.all([load.end(), everywhere.end()])
  await fleet.untilReady()
  await ground.compare([...here, ...there], false)
  return { answered }
}

async function urlBeside(fleet: RunningFleet, names: readonly string[]): Promise<string> {
  const processes = await fleet.processes()
  return processes.find(each => each.http !== null && !names.includes(each.name))!.http!
}

async function assertStopped(pid: number): Promise<void> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'stat=', '-p', String(pid)])
  assert.match(stdout, /^T/, `process ${pid} is stopped`)
}
