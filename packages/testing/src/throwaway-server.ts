import { type ChildProcess, spawn } from 'node:child_process'
import { chmod, chown, cp, lchown, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { chooseRunAs, findBinaries, findFreePort } from '@plaza/kernel/postgres-programs'
import pg from 'pg'

/** A PostgreSQL of one test's own, to be crashed, copied, promoted. */
export interface ThrowawayServer extends AsyncDisposable {
  /** Of its superuser. */
  url(database?: string): string
  readonly port: number
  /** Its data folder. */
  readonly data: string
  /** Runs one of PostgreSQL's own programs as the server's user. */
  run(program: string, ...args: readonly string[]): Promise<void>
  query(statement: string, database?: string): Promise<Record<string, unknown>[]>
  start(): Promise<void>
  /** Ends it in order. */
  stop(): Promise<void>
  /** Kills it: nothing is written any more, as when the machine loses power with an honest disk. */
  crash(): Promise<void>
  /** A stopped server's data, copied, as another server (not started). */
  copy(): Promise<ThrowawayServer>
}

export interface ThrowawayOptions {
  /** The folder of the programs; PostgreSQL 18 as Plaza brings it when left out. */
  readonly programs?: string
  readonly settings?: Readonly<Record<string, string>>
  /** Fills the empty data folder instead of initdb: for a replica. */
  readonly fill?: (server: ThrowawayServer) => Promise<void>
}

/**
 * Makes a server with data of its own under the system's temporary folder, on a free port, without passwords, and starts it.
 * @example
 * await using server = await throwawayServer({ programs: await placeOf('postgresql-15-programs') })
 * await server.query('select 1')
 */
export async function throwawayServer(options: ThrowawayOptions = {}): Promise<ThrowawayServer> {
  const server = await prepare(options)
  try {
    if (options.fill) await options.fill(server)
    else
      await server.run(
        'initdb',
        '--auth=trust',
        '--username=postgres',
        '--encoding=UTF8',
        '--locale=C',
        '--no-sync',
        '-D',
        server.data,
      )
    await server.start()
    return server
  } catch (error) {
    await server[Symbol.asyncDispose]()
    throw error
  }
}

// Shared memory as files of the data folder: servers that are killed and copied leave nothing in the machine's own.
const standard = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  dynamic_shared_memory_type: 'mmap',
  max_connections: '200',
}

async function prepare(options: ThrowawayOptions, copyOf?: string): Promise<ThrowawayServer> {
  const folder = await mkdtemp(join(tmpdir(), 'plaza-server-'))
  const data = join(folder, 'data')
  const runAs = chooseRunAs(folder, data)
  if (runAs) await chown(folder, runAs.uid, runAs.gid)
  const programs = options.programs ?? dirname((await findBinaries(runAs)).postgres)
  const port = await findFreePort()
  if (copyOf) await copyFolder(copyOf, data)
  const settings = { ...standard, ...options.settings, port: String(port) }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  let running: ChildProcess | undefined
  let lastWords = ''
  const launch = (program: string, args: readonly string[]) =>
    spawn(join(programs, program), args, {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
      ...runAs,
    })

  const server: ThrowawayServer = {
    data,
    port,
    url: (database = 'postgres') => `postgres://postgres@127.0.0.1:${port}/${database}`,
    run: async (program, ...args) => {
      const { code, output } = await outcomeOf(launch(program, args))
      if (code !== 0) throw new Error(`${program} ended with ${code}: ${output}`)
    },
    query: async (statement, database) => {
      const client = new pg.Client({ connectionString: server.url(database) })
      client.on('error', () => {})
      await client.connect()
      try {
        return (await client.query(statement)).rows ?? []
      } finally {
        await client.end()
      }
    },
    start: async () => {
      // A killed server's children may hold its memory for another moment.
      for (let tries = 0; tries < 50; tries++) {
        running = launch('postgres', ['-D', data, ...flags])
        const ended = outcomeOf(running)
        while (running.exitCode === null && running.signalCode === null) {
          if (await answers(server)) return
          await sleep(20)
        }
        lastWords = (await ended).output
        await sleep(100)
      }
      throw new Error(`The server does not start: ${lastWords}`)
    },
    stop: () => endWith('SIGINT'),
    crash: () => endWith('SIGKILL'),
    copy: async () => {
      if (running !== undefined) throw new Error('Stop the server before its data is copied')
      return prepare(options, data)
    },
    [Symbol.asyncDispose]: async () => {
      await endWith('SIGQUIT')
      await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
    },
  }
  const endWith = async (signal: NodeJS.Signals) => {
    const child = running
    running = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise(resolve => child.once('exit', resolve))
    child.kill(signal)
    await ended
  }
  return server
}

/** Replaces a stopped server's data by that of another stopped one: a backup copied back. */
export async function copyBack(from: ThrowawayServer, to: ThrowawayServer): Promise<void> {
  await rm(to.data, { recursive: true })
  await copyFolder(from.data, to.data)
}

async function copyFolder(from: string, to: string): Promise<void> {
  const { uid, gid } = await stat(from)
  await cp(from, to, { recursive: true, preserveTimestamps: true })
  await rm(join(to, 'postmaster.pid'), { force: true })
  await chmod(to, 0o700)
  if (process.getuid?.() !== 0) return
  for (const entry of await readdir(to, { recursive: true })) await lchown(join(to, entry), uid, gid)
  await lchown(to, uid, gid)
}

async function answers(server: ThrowawayServer): Promise<boolean> {
  try {
    await server.query('select 1')
    return true
  } catch {
    return false
  }
}

function outcomeOf(child: ChildProcess): Promise<{ code: number | null; output: string }> {
  const chunks: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      chunks.push(chunk)
      if (chunks.length > 200) chunks.shift()
    })
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => resolve({ code, output: chunks.join('').trim().slice(-4_000) }))
  })
}
