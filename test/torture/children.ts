import { type ChildProcess, fork } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// Half of a start is compiling: processes that are killed all the while need not do it each time.
const compileCache = join(tmpdir(), 'plaza-torture-compile-cache')

/** A process of the torture that is killed, stopped and started again with the same task. */
export class Child {
  readonly name: string
  readonly #file: string
  readonly #task: () => object
  readonly #onMessage: (message: unknown, sinceStart: number) => void
  #process: ChildProcess | undefined
  #startedAt = 0
  starts = 0

  constructor(
    name: string,
    file: string,
    task: () => object,
    onMessage: (message: unknown, sinceStart: number) => void = () => {},
  ) {
    this.name = name
    this.#file = join(import.meta.dirname, file)
    this.#task = task
    this.#onMessage = onMessage
  }

  start(): void {
    this.starts++
    this.#startedAt = performance.now()
    const started = this.#startedAt
    const child = fork(this.#file, [JSON.stringify(this.#task())], {
      env: { ...process.env, NODE_COMPILE_CACHE: compileCache },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    child.on('error', () => {}) // a message to a process just killed
    child.on('message', message => this.#onMessage(message, performance.now() - started))
    this.#process = child
  }

  /** Milliseconds since it was last started. */
  get age(): number {
    return performance.now() - this.#startedAt
  }

  tell(message: string): void {
    if (this.#process?.connected) this.#process.send(message, () => {})
  }

  /** `kill -9`; resolves when it is gone. */
  async kill(): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise(resolve => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }

  freeze(): void {
    this.#process?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#process?.kill('SIGCONT')
  }
}
