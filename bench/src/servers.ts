import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { startPostgres } from '@plaza/kernel/postgres'
import type { ServerUnderTest } from './measure.ts'

export interface PlazaUnderTest extends ServerUnderTest, AsyncDisposable {
  readonly dataFolder: string
  /** Milliseconds from starting the command to the first ready answer. */
  readonly startedIn: number
}

/** The `plaza` command. */
export const plazaCommand = join(import.meta.dirname, '../../apps/plaza/src/main.ts')

/** Starts the real command on a data folder (a new one unless given), and waits until it is ready. `preload`: a module Node loads before it. */
export async function startPlaza(folder?: string, preload?: string): Promise<PlazaUnderTest> {
  const dataFolder = folder ?? (await mkdtemp(join(tmpdir(), 'plaza-bench-')))
  const port = await freePort()
  const preloading = preload === undefined ? [] : ['--import', preload]
  const began = performance.now()
  const child = spawn(process.execPath, [...preloading, plazaCommand, 'start'], {
    env: { ...benchEnvironment(dataFolder), PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const url = `http://127.0.0.1:${port}`
  await waitUntilReady(url, child)
  const startedIn = performance.now() - began
  return {
    url,
    dataFolder,
    startedIn,
    nodePids: [child.pid!],
    postgresPid: postmasterOf(dataFolder),
    [Symbol.asyncDispose]: async () => {
      await stop(child)
      if (folder === undefined) await rm(dataFolder, { recursive: true, force: true })
    },
  }
}

/** What every Plaza under test is started with. */
export const benchEnvironment = (dataFolder: string) => ({
  ...process.env,
  PLAZA_DATA: dataFolder,
  PLAZA_BCRYPT_COST: '10',
  LOG_LEVEL: 'warn',
})

/** The process id of the PostgreSQL that runs in a data folder. */
export function postmasterOf(dataFolder: string): number {
  return Number(readFileSync(join(dataFolder, 'postgres/postmaster.pid'), 'utf8').split('\n')[0])
}

/** A PostgreSQL of the same kind and settings as Plaza's own, for the reference server. */
export async function startReferenceDatabase() {
  const folder = await mkdtemp(join(tmpdir(), 'plaza-reference-'))
  const server = await startPostgres({ dataDir: folder })
  return {
    url: server.ownerUrl,
    pid: server.pid,
    [Symbol.asyncDispose]: async () => {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export async function startReference(
  database: { readonly url: string; readonly pid: number },
  poolSize: number,
): Promise<ServerUnderTest & AsyncDisposable> {
  const file = join(import.meta.dirname, 'reference-server.ts')
  const child = spawn(process.execPath, [file, database.url, String(poolSize)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(createInterface(child.stdout!), 'line')
  const { port } = JSON.parse(line) as { port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    nodePids: [child.pid!],
    postgresPid: database.pid,
    [Symbol.asyncDispose]: () => stop(child),
  }
}

async function waitUntilReady(url: string, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`Plaza ended with ${child.exitCode} before it was ready`)
    const answer = await fetch(`${url}/health/ready`).catch(() => undefined)
    if (answer?.status === 200) return
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

/** Asks a process to end, and waits until it has. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  return port
}
