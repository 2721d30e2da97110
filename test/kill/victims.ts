import type { RunningFleet } from '../fleet/running-fleet.ts'
import { serverProcesses } from './server-processes.ts'

/** What is killed: one process of the fleet, or some of its PostgreSQL. */
export interface Victim {
  /** `posts`, `gateway.2`, `PostgreSQL, all of it`. */
  readonly name: string
  /** The service nobody answers for until it is back; undefined when others do, or nothing does without it. */
  readonly only: string | undefined
  readonly isServer: boolean
  pids(): Promise<readonly number[]>
}

const serverKills: Readonly<
  Record<string, (pids: readonly number[], random: () => number) => readonly number[]>
> = {
  'PostgreSQL, all of it': pids => pids,
  'PostgreSQL, its first process': pids => pids.slice(0, 1),
  'PostgreSQL, one process': (pids, random) => [pids[1 + Math.floor(random() * (pids.length - 1))]!],
}

/** One for each round, at random, and none a second time before all others had their turn. */
export async function drawVictims(
  fleet: RunningFleet,
  rounds: number,
  random: () => number,
): Promise<readonly Victim[]> {
  const processes = await fleet.processes()
  const members = processes.map(({ name, services }): Victim => {
    const isOnly = processes.filter(each => each.services[0] === services[0]).length === 1
    const pids = async () => [(await fleet.named(name)).pid]
    return { name, only: isOnly ? services[0] : undefined, isServer: false, pids }
  })
  const servers = Object.entries(serverKills).map(([name, choose]): Victim => {
    const pids = async () => choose(await serverProcesses(fleet.dataFolder), random)
    return { name, only: undefined, isServer: true, pids }
  })
  const drawn: Victim[] = []
  while (drawn.length < rounds) {
    // One kind of PostgreSQL's deaths for each time that every process had its turn.
    const server = servers[Math.floor(drawn.length / (members.length + 1)) % servers.length]!
    drawn.push(...shuffled([...members, server], random))
  }
  return drawn.slice(0, rounds)
}

function shuffled<T>(all: readonly T[], random: () => number): T[] {
  return all
    .map(each => ({ each, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ each }) => each)
}
