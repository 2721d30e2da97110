import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ServerUnderTest } from '../measure.ts'
import { benchEnvironment, plazaCommand, postmasterOf, stop } from '../servers.ts'

export interface FleetOptions {
  /** As `plaza fleet` takes them: posts=2,gateway=2 and auth,users;posts. */
  readonly replicas: string | undefined
  readonly groups: string | undefined
}

export interface FleetUnderTest extends ServerUnderTest, AsyncDisposable {
  /** Of its processes, the supervisor left out: posts.1, gateway. */
  readonly names: readonly string[]
}

/** The state the supervisor writes for `plaza doctor`. */
interface State {
  readonly processes: readonly {
    readonly name: string
    readonly pid: number
    readonly http: string | null
  }[]
}

/** Starts `plaza fleet` on a data folder and waits until all of it is ready. Its CPU and memory are those of every process, supervisor included. */
export async function startFleet(folder: string, options: FleetOptions): Promise<FleetUnderTest> {
  const given = Object.entries(options).flatMap(([name, value]) => (value ? [`--${name}`, value] : []))
  const child = spawn(process.execPath, [plazaCommand, 'fleet', ...given], {
    env: { ...benchEnvironment(folder), PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  const ready = new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (said.length < 100_000) said += text
      // Printed once every process has been ready.
      if (said.includes('Plaza runs at')) resolve()
    })
    child.once('exit', code =>
      reject(new Error(`The fleet ended with ${code} before it was ready:\n${said}`)),
    )
  })
  await ready
  const state = JSON.parse(readFileSync(join(folder, `fleet.${child.pid}.json`), 'utf8')) as State
  const urls = state.processes.flatMap(each => each.http ?? [])
  return {
    url: urls[0]!,
    urls,
    names: state.processes.map(each => each.name),
    nodePids: [child.pid!, ...state.processes.map(each => each.pid)],
    postgresPid: postmasterOf(folder),
    [Symbol.asyncDispose]: () => stop(child),
  }
}
