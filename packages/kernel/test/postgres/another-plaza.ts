import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:fs'
import { cp, mkdtemp, readdir, readFile, rm, stat, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { clusterMark, signalProcess, whose } from '../../src/data/postgres/postmaster.ts'
import { startPostgres } from '../../src/data/postgres/start-postgres.ts'

export const isRoot = process.getuid?.() === 0

const program = `
const [url, dataDir] = process.argv.slice(1)
const { startPostgres } = await import(url)
try {
  const server = await startPostgres({ dataDir, log: line => console.error(line) })
  const { ownerUrl, pid, adopted } = server
  console.log(JSON.stringify({ ownerUrl, pid, adopted }))
  process.stdin.on('end', async () => { await server.stop(); process.exit() }).resume()
} catch (error) {
  console.log(JSON.stringify({ error: error.name + ': ' + error.message }))
}
`

export interface AnotherPlaza {
  readonly process: ChildProcess
  /** What it said: addresses, or why it did not start. */
  readonly said: { ownerUrl: string; pid: number; adopted: boolean; error?: string }
  /** Asks it to stop, and waits until it has ended. */
  stop(): Promise<void>
  kill(signal: NodeJS.Signals): Promise<void>
}

export interface AnotherOptions {
  readonly uid?: number
  readonly gid?: number
  readonly detached?: boolean
  /** Put before `node`, for instance `unshare`. */
  readonly wrapper?: readonly string[]
  /** Where its `startPostgres` comes from. */
  readonly source?: string
}

const own = new URL('../../src/data/postgres/start-postgres.ts', import.meta.url).href

/** Another process that starts PostgreSQL on `dataDir`, and can be killed; it is when the test ends. */
export async function startAnother(
  t: TestContext,
  dataDir: string,
  options: AnotherOptions = {},
): Promise<AnotherPlaza> {
  const child = spawnAnother(t, dataDir, options)
  const ended = once(child, 'exit')
  const [line] = await once(child.stdout as NonNullable<typeof child.stdout>, 'data')
  const stop = async () => {
    child.stdin?.end()
    await ended
  }
  const kill = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    await ended
  }
  return { process: child, said: JSON.parse(String(line)), stop, kill }
}

export function spawnAnother(t: TestContext, dataDir: string, options: AnotherOptions = {}): ChildProcess {
  const { wrapper = [], source = own, ...rest } = options
  const [command = '', ...flags] = [
    ...wrapper,
    process.execPath,
    '--input-type=module',
    '-e',
    program,
    source,
    dataDir,
  ]
  const child = spawn(command, flags, { ...rest, stdio: ['pipe', 'pipe', 'ignore'] })
  t.after(() => child.kill('SIGKILL'))
  return child
}

/** A data folder of this test's own; whatever still serves it when the test ends is killed. */
export async function ownFolder(t: TestContext, name = 'data'): Promise<string> {
  const parent = await scratchFolder()
  const dataDir = join(parent, name)
  t.after(async () => {
    await killServer(dataDir)
    await rm(parent, { recursive: true, force: true, maxRetries: 5 })
  })
  return dataDir
}

/** Makes one stopped database, for the tests of a file to copy: a tenth of the time of making each its own. */
export async function makeTemplate(): Promise<{
  copy(t: TestContext, name?: string): Promise<string>
  remove(): Promise<void>
}> {
  const parent = await scratchFolder()
  const template = join(parent, 'data')
  await (await startPostgres({ dataDir: template })).stop()
  return {
    copy: async (t, name) => {
      const dataDir = await ownFolder(t, name)
      await cp(template, dataDir, { recursive: true, mode: constants.COPYFILE_FICLONE })
      return dataDir
    },
    remove: () => rm(parent, { recursive: true, force: true }),
  }
}

// In memory where there is room: these tests are about processes that die, and what a process wrote outlives it there too.
async function scratchFolder(): Promise<string> {
  const memory = await statfs('/dev/shm').catch(() => undefined)
  const roomy = memory !== undefined && memory.bavail * memory.bsize > 2e9
  return mkdtemp(join(roomy ? '/dev/shm' : tmpdir(), 'plaza-postgres-'))
}

/** Kills every server process of the folder at once, as a power cut would, and waits until they are gone. */
export async function killServer(dataDir: string): Promise<void> {
  const cluster = join(dataDir, 'postgres')
  if (!(await stat(cluster).catch(() => undefined))) return
  for (;;) {
    const pids = await serverProcesses(cluster)
    if (pids.length === 0) return
    for (const pid of pids) signalProcess(pid, 'SIGKILL')
    await sleep(10)
  }
}

export async function serverProcesses(cluster: string): Promise<number[]> {
  const mark = await clusterMark(cluster)
  const pids = (await readdir('/proc')).map(Number).filter(pid => pid > 0)
  const found = await Promise.all(pids.map(async pid => (await whose(pid, cluster, mark)) === 'ours'))
  return pids.filter((_, index) => found[index])
}

export async function lives(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  return status !== undefined && !/\) [ZX] /.test(status)
}

/** Runs one statement over a connection of its own. */
export async function ask(url: string, text: string): Promise<pg.QueryResultRow[]> {
  const client = new pg.Client(url)
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}
