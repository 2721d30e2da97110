import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const root = join(import.meta.dirname, '..')

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A Plaza that runs in a process of its own, as an operator starts it. */
export interface PlazaProcess {
  readonly url: string
  readonly pid: number
  /** Milliseconds from its start until `/health/ready` said so. */
  readonly readyAfter: number
  /** Everything it wrote so far. */
  output(): string
  /** SIGTERM; resolves when it has ended. */
  stop(): Promise<Exit>
  /** kill -9; resolves when it is gone. */
  kill(): Promise<Exit>
}

export interface PlazaOptions {
  readonly dataFolder: string
  /** Variables besides PLAZA_DATA and PORT (a free one). */
  readonly env?: Readonly<Record<string, string>>
  /** Milliseconds until it must be ready (default 60,000: a first start makes a database). */
  readonly patience?: number
  /** The command and its options (default: start). */
  readonly command?: readonly string[]
}

/** Starts `plaza start`, or another command that runs a Plaza, and waits until it is ready. Throws with all it said when it ends before, or is not ready in time. */
export async function startPlaza({
  dataFolder,
  env,
  patience = 60_000,
  command = ['start'],
}: PlazaOptions): Promise<PlazaProcess> {
  const began = performance.now()
  const { child, output, exited } = spawnPlaza(command, { PORT: '0', PLAZA_DATA: dataFolder, ...env })
  try {
    const url = await untilReady(output, exited, began + patience)
    const end = (signal: NodeJS.Signals) => {
      child.kill(signal)
      return exited
    }
    return {
      url,
      pid: child.pid!,
      readyAfter: performance.now() - began,
      output,
      stop: () => end('SIGTERM'),
      kill: () => end('SIGKILL'),
    }
  } catch (error) {
    child.kill('SIGKILL')
    await exited
    throw error
  }
}

/** Begins to start it and kills it (-9) after so many milliseconds, wherever it is then. */
export async function killWhileStarting({ dataFolder, env }: PlazaOptions, after: number): Promise<void> {
  const { child, exited } = spawnPlaza(['start'], { PORT: '0', PLAZA_DATA: dataFolder, ...env })
  await Promise.race([exited, sleep(after)])
  child.kill('SIGKILL')
  await exited
}

export interface CommandResult extends Exit {
  readonly output: string
}

/** Runs a `plaza` command to its end. */
export async function runPlaza(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  patience = 120_000,
): Promise<CommandResult> {
  const { child, output, exited } = spawnPlaza(args, env)
  const tooLate = setTimeout(() => child.kill('SIGKILL'), patience)
  const exit = await exited
  clearTimeout(tooLate)
  return { ...exit, output: output() }
}

/** A folder for one Plaza's data, removed with everything in it when its block ends. */
export async function temporaryFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'plaza-test-'))
  return {
    path,
    // A server that was told to stop may still be writing its last files.
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }),
  }
}

/** What a command of ours gets from the environment of the tests: nothing that configures Plaza. */
function bareEnvironment(): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR, LANG } = process.env
  return { PATH, HOME, TMPDIR, LANG }
}

function spawnPlaza(args: readonly string[], env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [join(root, 'apps/plaza/src/main.ts'), ...args], {
    cwd: root,
    env: { ...bareEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const chunks: string[] = []
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', chunk => chunks.push(chunk))
  return { child, output: () => chunks.join(''), exited: exitOf(child) }
}

// Its last words may come after its end; a server that outlives it may hold the pipe open for ever.
function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      const tooLate = setTimeout(() => resolve({ code, signal }), 500)
      child.on('close', () => {
        clearTimeout(tooLate)
        resolve({ code, signal })
      })
    })
  })
}

async function untilReady(output: () => string, exited: Promise<Exit>, deadline: number): Promise<string> {
  let ended: Exit | undefined
  exited.then(
    exit => {
      ended = exit
    },
    () => {
      ended = { code: null, signal: null }
    },
  )
  for (;;) {
    const url = /Plaza runs at (http:\/\/\S+)/.exec(output())?.[1]?.replace('localhost', '127.0.0.1')
    if (url !== undefined && (await isReady(url))) return url
    if (ended !== undefined)
      throw new Error(`Plaza ended before it was ready: ${JSON.stringify(ended)}\n${output()}`)
    if (performance.now() > deadline) throw new Error(`Plaza was not ready in time\n${output()}`)
    await sleep(20)
  }
}

async function isReady(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(3_000) }).catch(
    () => undefined,
  )
  await answer?.arrayBuffer()
  return answer?.status === 200
}
