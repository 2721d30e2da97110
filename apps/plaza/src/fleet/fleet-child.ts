import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MadeAdmin } from '../banner.ts'
import { nextPause } from './backoff.ts'
import { isFleetMessage } from './link.ts'
import type { MergedLog } from './merged-log.ts'
import type { PlannedProcess } from './plan.ts'
import type { Ports } from './ports.ts'

const program = join(import.meta.dirname, '..', 'main.ts')

export interface ChildOptions {
  readonly planned: PlannedProcess
  readonly ports: Ports
  readonly env: Readonly<Record<string, string | undefined>>
  readonly log: MergedLog
  /** Hears, in sentences, what becomes of it. */
  readonly tell: (line: string) => void
  /** Hears of each change of process id or state. */
  readonly changed: () => void
  readonly ready: () => void
  readonly madeAdmin: (admin: MadeAdmin) => void
  /** Called when it died so often before it was ever ready that trying again is no use. */
  readonly hopeless: () => void
}

type State = 'starting' | 'ready' | 'waiting' | 'ended'

/** Ends before it was ever ready: so many in a row are not bad luck. */
const mostFalseStarts = 5

/** One process of a fleet: started again, on the same ports, when it ends by itself. */
export class FleetChild {
  readonly planned: PlannedProcess
  readonly ports: Ports
  state: State = 'starting'
  readonly #options: ChildOptions
  readonly #stopping = new AbortController()
  readonly #ended: Promise<void>
  #process: ChildProcess | undefined
  #wasReady = false

  constructor(options: ChildOptions) {
    this.planned = options.planned
    this.ports = options.ports
    this.#options = options
    this.#ended = this.#run()
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** Asks it to drain and waits until it has ended; killed when that takes longer than `patience` ms. */
  async stop(patience: number): Promise<void> {
    this.#stopping.abort()
    this.#process?.kill('SIGTERM')
    const late = setTimeout(() => this.kill(), patience)
    await this.#ended
    clearTimeout(late)
  }

  kill(): void {
    this.#stopping.abort()
    this.#process?.kill('SIGKILL')
  }

  async #run(): Promise<void> {
    const { tell, hopeless } = this.#options
    const { name } = this.planned
    let pause = 0
    let falseStarts = 0
    while (!this.#stopping.signal.aborted) {
      const began = performance.now()
      const how = await this.#runOnce()
      if (this.#stopping.signal.aborted) break
      falseStarts = this.#wasReady ? 0 : falseStarts + 1
      if (falseStarts >= mostFalseStarts) {
        tell(`${name} ended ${falseStarts} times before it was ready (${how}): see its last lines above.`)
        hopeless()
        break
      }
      pause = nextPause(pause, performance.now() - began)
      tell(`${name} ended by itself (${how}); it is started again in ${pause / 1000} s`)
      this.#enter('waiting')
      await sleep(pause, undefined, { signal: this.#stopping.signal }).catch(() => {})
    }
    this.#enter('ended')
  }

  /** Runs it to its end; returns how it ended. */
  async #runOnce(): Promise<string> {
    const { planned, env, log } = this.#options
    // A session of its own: ctrl-C in the terminal reaches the supervisor alone, which knows the order in which to end.
    const child = spawn(process.execPath, [program, 'start'], {
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    this.#process = child
    const failed = once(child, 'spawn').then(
      () => undefined,
      (error: Error) => error,
    )
    this.#enter('starting')
    for (const stream of [child.stdout!, child.stderr!]) {
      const source = log.source(planned.name, planned.services.join('+'))
      stream.setEncoding('utf8').on('data', source.push).on('end', source.end)
    }
    child.on('error', () => {})
    child.on('message', message => this.#hear(message))
    const error = await failed
    if (error !== undefined) return `it could not be started: ${error.message}`
    const [code, signal] = await endOf(child)
    return signal === null ? `code ${code}` : String(signal)
  }

  #hear(message: unknown): void {
    if (!isFleetMessage(message)) return
    if (message.kind === 'admin') this.#options.madeAdmin(message.admin)
    else if (!this.#stopping.signal.aborted) {
      this.#wasReady = true
      this.#enter('ready')
      this.#options.ready()
    }
  }

  #enter(state: State): void {
    this.state = state
    this.#options.changed()
  }
}

async function endOf(child: ChildProcess): Promise<[number | null, NodeJS.Signals | null]> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return [child.exitCode, child.signalCode]
}
