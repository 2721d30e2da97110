import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What runs where, for `plaza doctor` beside a fleet. Holds no secret. */
export interface FleetState {
  readonly supervisor: number
  readonly processes: readonly FleetStateProcess[]
}

export interface FleetStateProcess {
  readonly name: string
  readonly services: readonly string[]
  readonly pid: number | null
  /** Where other processes call it. */
  readonly rpc: string | null
  /** Where clients reach it. */
  readonly http: string | null
}

const nameOf = (supervisor: number) => `fleet.${supervisor}.json`
const shape = /^fleet\.(\d+)\.json$/

/** Written beside and renamed: whoever reads sees one state or the next. */
export async function writeFleetState(folder: string, state: FleetState): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, nameOf(state.supervisor))
  await writeFile(`${path}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 })
  await chmod(`${path}.new`, 0o600)
  await rename(`${path}.new`, path)
}

export async function removeFleetState(folder: string, supervisor: number): Promise<void> {
  const path = join(folder, nameOf(supervisor))
  await Promise.all([rm(path, { force: true }), rm(`${path}.new`, { force: true })])
}

/** The states of fleets on this data folder: of those that run, and of those whose supervisor was killed. */
export async function readFleetStates(
  folder: string,
): Promise<{ readonly running: readonly FleetState[]; readonly dead: readonly FleetState[] }> {
  const names = await readdir(folder).catch(() => [] as string[])
  const states = await Promise.all(
    names.filter(name => shape.test(name)).map(name => readState(join(folder, name))),
  )
  const found = states.filter(each => each !== undefined)
  const byLife = Map.groupBy(found, ({ supervisor }) => isAlive(supervisor))
  return { running: byLife.get(true) ?? [], dead: byLife.get(false) ?? [] }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

async function readState(path: string): Promise<FleetState | undefined> {
  try {
    const state = JSON.parse(await readFile(path, 'utf8')) as FleetState
    return Number.isInteger(state.supervisor) && Array.isArray(state.processes) ? state : undefined
  } catch {
    return undefined
  }
}
