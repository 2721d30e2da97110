import { setTimeout as sleep } from 'node:timers/promises'
import { seededRandom } from '@plaza/kernel/service'
import { eventually } from '../eventually.ts'
import { lastLines, RunningFleet } from '../fleet/running-fleet.ts'
import { Bystander, deedsWithout } from './bystander.ts'
import { compare } from './compare.ts'
import { environment } from './environment.ts'
import { Ledger } from './ledger.ts'
import { killAll } from './server-processes.ts'
import { assertDurable } from './verify-tables.ts'
import { drawVictims, type Victim } from './victims.ts'
import { type Tally, Writer } from './writer.ts'

export interface FleetRunOptions {
  readonly rounds: number
  /** Decides what is killed when; what the load does in between depends on the machine. */
  readonly seed: number
  /** The load lasts at most this long before the kill (ms). */
  readonly longest: number
  readonly writers: number
}

export interface FleetRound extends Tally {
  readonly round: number
  readonly victim: string
  readonly isServer: boolean
  readonly loadMs: number
  /** What was done, all of it with success, without the service that was away. */
  readonly bystanders: number
  /** From the kill until every process said it was ready, and everything worked. */
  readonly readyMs: number
  readonly posts: number
}

/** Two gateways for clients to choose from, two that share the counting of posts, and one of each that others must do without. */
const replicas = 'users=2,gateway=2'

interface Run {
  readonly fleet: RunningFleet
  readonly ledger: Ledger
  readonly writers: readonly Writer[]
  readonly bystander: Bystander
  readonly random: () => number
}

/**
 * Kills one process of a fleet after the other under load, PostgreSQL's among them; waits until what supervises it has made it whole again,
 * and compares everything with what was answered. Throws at the first difference.
 */
export async function runFleetKills(
  options: FleetRunOptions,
  tell: (round: FleetRound) => void,
): Promise<void> {
  const random = seededRandom(options.seed)
  await using fleet = await RunningFleet.start({ replicas, env: environment })
  const ledger = new Ledger()
  const writers = Array.from(
    { length: options.writers },
    (_, n) => new Writer(`writer_${n}`, ledger, seededRandom(options.seed + n + 1)),
  )
  const run = { fleet, ledger, writers, bystander: new Bystander('bystander', ledger), random }
  try {
    await fleet.withOwner(assertDurable)
    for (const each of [...writers, run.bystander]) await each.enter(fleet.gateways[0]!)
    const victims = await drawVictims(fleet, options.rounds, random)
    for (const [n, victim] of victims.entries()) {
      const loadMs = 200 + random() * (options.longest - 200)
      tell({ round: n + 1, loadMs, ...(await killUnderLoad(run, victim, loadMs)) })
      await verify(run, fleet.gateways[n % 2]!, n === options.rounds - 1)
    }
    const { code } = await fleet.stop()
    if (code !== 0) throw new Error(`The fleet ended with ${code}`)
  } catch (error) {
    throw new Error(`${(error as Error).message}\n\nThe fleet wrote:\n${lastLines(fleet.output())}`, {
      cause: error,
    })
  }
}

async function killUnderLoad(
  { fleet, ledger, writers, bystander }: Run,
  victim: Victim,
  loadMs: number,
): Promise<Omit<FleetRound, 'round' | 'loadMs'>> {
  const tally: Tally = { answered: 0, unsure: 0, cutOff: 0 }
  const stop = new AbortController()
  const enough = new AbortController()
  const working = Promise.all(writers.map(each => each.workInFleet(fleet.gateways, tally, stop.signal)))
  working.catch(() => stop.abort()) // nothing is left to wait for
  const url = fleet.gateways.find((_, n) => victim.name !== `gateway.${n + 1}`)!
  await bystander.doAll(url)
  await sleep(loadMs, undefined, { signal: stop.signal }).catch(() => {})
  const before = await pidsOf(fleet)
  const pids = await victim.pids()
  killAll(pids)
  const killed = performance.now()
  // Nothing works without PostgreSQL, and everything without a double.
  const deeds = victim.isServer ? [] : deedsWithout(victim.only ?? 'nobody')
  const insisting = bystander.insistOn(url, deeds, AbortSignal.any([stop.signal, enough.signal]))
  insisting.catch(() => stop.abort())
  try {
    await untilWhole(fleet, victim, pids, before)
    enough.abort()
    const bystanders = await insisting
    await eventually(() => bystander.doAll(url), patience)
    const readyMs = performance.now() - killed
    await sleep(300, undefined, { signal: stop.signal }).catch(() => {})
    stop.abort()
    if (deeds.length > 0 && bystanders === 0) throw new Error('Nobody asked for anything else meanwhile')
    await working
    const { name, isServer } = victim
    return { victim: name, isServer, ...tally, bystanders, readyMs, posts: ledger.totals.posts }
  } finally {
    stop.abort()
    await Promise.allSettled([working, insisting])
  }
}

const pidsOf = async (fleet: RunningFleet) =>
  new Map((await fleet.processes()).map(each => [each.name, each.pid]))

/** Resolves once what was killed has been replaced and every process is ready again. */
async function untilWhole(
  fleet: RunningFleet,
  { name, isServer }: Victim,
  pids: readonly number[],
  before: ReadonlyMap<string, number>,
): Promise<void> {
  if (isServer) await untilServerIsBack(fleet, pids)
  await fleet.untilReady(isServer ? new Map() : new Map([[name, before.get(name)!]]))
}

/** For what takes seconds on a machine that does nothing else (ms). */
const patience = 60_000

async function untilServerIsBack(fleet: RunningFleet, killed: readonly number[]): Promise<void> {
  const end = performance.now() + patience
  for (;;) {
    try {
      const found = await fleet.withOwner(client =>
        client.query<{ pid: number }>('select pid from pg_stat_activity'),
      )
      if (!found.rows.some(({ pid }) => killed.includes(pid))) return
    } catch (error) {
      if (performance.now() > end) throw error
    }
    await sleep(25)
  }
}

async function verify({ fleet, ledger, writers, bystander }: Run, url: string, everything: boolean) {
  for (const writer of writers) await writer.repeatUnanswered(url)
  await fleet.withOwner(owner => compare(url, owner, ledger, [...writers, bystander], everything))
}
