import { setTimeout as sleep } from 'node:timers/promises'
import { ownerUrlOf } from '@plaza/kernel/postgres'
import { type FleetStateProcess, readFleetStates } from '@plaza/plaza/fleet-state'
import pg from 'pg'
import { type Exit, type PlazaProcess, startPlaza, temporaryFolder } from '../plaza-process.ts'

/** One process of a fleet, as it is now: another process id each time it was started again. */
export interface FleetProcess extends FleetStateProcess {
  readonly pid: number
}

export interface FleetOptions {
  /** `posts=2,gateway=2`. */
  readonly replicas: string
  readonly env: Readonly<Record<string, string>>
}

/** How long (ms) a process may take to be replaced, on a machine that is busy with other things. */
const patience = 60_000

/** `plaza fleet` on data of its own, thrown away after: what runs in it is known by process id, and may be treated badly. */
export class RunningFleet implements AsyncDisposable {
  readonly dataFolder: string
  /** Where clients reach it: each gateway. They keep their addresses. */
  readonly gateways: readonly string[]
  readonly #supervisor: PlazaProcess
  readonly #parts: AsyncDisposable
  #ended: Promise<Exit> | undefined

  private constructor(
    dataFolder: string,
    supervisor: PlazaProcess,
    gateways: readonly string[],
    parts: AsyncDisposable,
  ) {
    this.dataFolder = dataFolder
    this.gateways = gateways
    this.#supervisor = supervisor
    this.#parts = parts
  }

  static async start({ replicas, env }: FleetOptions): Promise<RunningFleet> {
    await using undo = new AsyncDisposableStack()
    const { path } = undo.use(await temporaryFolder())
    const command = ['fleet', '--replicas', replicas]
    const supervisor = await startPlaza({ dataFolder: path, command, patience: 120_000, env })
    const processes = (await stateOf(path)) ?? []
    const gateways = processes.flatMap(each => each.http ?? [])
    const fleet = new RunningFleet(path, supervisor, gateways, undo.move())
    await fleet.untilReady()
    return fleet
  }

  /** Everything it and its processes wrote so far. */
  output(): string {
    return this.#supervisor.output()
  }

  /** Its processes, those that wait to be started again left out. */
  async processes(): Promise<readonly FleetProcess[]> {
    const all = (await stateOf(this.dataFolder)) ?? []
    return all.filter((each): each is FleetProcess => each.pid !== null)
  }

  async named(name: string): Promise<FleetProcess> {
    const found = (await this.processes()).find(each => each.name === name)
    if (found === undefined) throw new Error(`The fleet has no process ${name} at this moment`)
    return found
  }

  /** Resolves once every process says that it is ready; those named here as others than these process ids. */
  async untilReady(than: ReadonlyMap<string, number> = new Map()): Promise<void> {
    const end = performance.now() + patience
    for (;;) {
      const unready = await this.#unready(than)
      if (unready.length === 0) return
      if (performance.now() > end)
        throw new Error(`Not ready after ${patience} ms: ${unready.join(', ')}\n${lastLines(this.output())}`)
      await sleep(25)
    }
  }

  /** Ends in order; resolves to how it ended. */
  stop(): Promise<Exit> {
    this.#ended ??= this.#supervisor.stop()
    return this.#ended
  }

  /** The database's owner, beneath all services. */
  async withOwner<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new pg.Client({ connectionString: await ownerUrlOf(this.dataFolder) })
    client.on('error', () => {}) // whoever kills the server knows
    await client.connect()
    try {
      return await work(client)
    } finally {
      await client.end()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await this.#parts[Symbol.asyncDispose]()
  }

  async #unready(than: ReadonlyMap<string, number>): Promise<string[]> {
    const states = (await stateOf(this.dataFolder)) ?? []
    const found = await Promise.all(
      states.map(async ({ name, pid, http, rpc }) => {
        const isNew = pid !== null && pid !== than.get(name)
        return isNew && (await isReady(http ?? rpc!)) ? [] : [name]
      }),
    )
    return states.length === 0 ? ['all'] : found.flat()
  }
}

/** SIGSTOP; SIGCONT when its block ends, whatever happened in it. */
export function stopped(...pids: readonly number[]): Disposable {
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  return {
    [Symbol.dispose]: () => {
      for (const pid of pids) process.kill(pid, 'SIGCONT')
    },
  }
}

async function stateOf(folder: string): Promise<readonly FleetStateProcess[] | undefined> {
  return (await readFleetStates(folder)).running[0]?.processes
}

async function isReady(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(5_000) })
    await answer.arrayBuffer()
    return answer.status === 200
  } catch {
    return false
  }
}

export const lastLines = (output: string) => output.split('\n').slice(-30).join('\n')
