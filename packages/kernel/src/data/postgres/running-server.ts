import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { FileHandle } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Binaries } from './binaries.ts'
import { freeBytes } from './cluster.ts'
import { greet } from './first-connection.ts'
import { findFreePort, isFreePort } from './ports.ts'
import {
  clearLeftovers,
  clearStaleFiles,
  type PostmasterFile,
  readPostmasterFile,
  signalProcess,
  whose,
} from './postmaster.ts'
import type { RunAs } from './run-as.ts'
import { type Secrets, writeSecrets } from './secrets.ts'
import { lastLines, openServerLog } from './server-log.ts'
import { cannotRun, folderForServer, serverProcess } from './server-process.ts'
import { toFlags } from './settings.ts'
import { fullDisk, StartError } from './start-error.ts'

/** All that is decided before a server is looked for. */
export interface Site {
  readonly folder: string
  readonly cluster: string
  readonly logFile: string
  readonly binaries: Binaries
  readonly settings: Readonly<Record<string, string>>
  /** See `clusterMark`. */
  readonly mark: string
  /** The mark and the digest of the settings. */
  readonly clusterName: string
  readonly runAs: RunAs | undefined
  readonly log: (line: string) => void
  secrets: Secrets
}

/** A server that lets us in. */
export interface Running {
  readonly pid: number
  readonly port: number
  readonly adopted: boolean
  /** Whether it has gone, waiting for that at most `within` milliseconds. */
  gone(within: number): Promise<boolean>
  kill(signal: NodeJS.Signals): Promise<void>
}

export interface LookOptions {
  readonly signal: AbortSignal
  /** Addresses were given out, so the server must come back on its port. */
  readonly samePort: boolean
}

const longestStart = 300_000 // reading back 1 GB of log on a slow disk
const longestClearing = 30_000
const sayEvery = 5_000

/** Finds the server of this folder, waits for it while it starts, recovers or stops, or starts one. */
export async function adoptOrLaunch(site: Site, look: LookOptions): Promise<Running> {
  const clock = { started: Date.now(), blocked: 0, said: Date.now() }
  for (;;) {
    look.signal.throwIfAborted()
    const file = await readPostmasterFile(site.cluster)
    if (file && (await whose(file.pid, site.cluster, site.mark)) === 'ours') {
      const adopted = await adopt(site, file)
      if (adopted) return adopted
      sayWaiting(site, file, clock)
      await sleep(50)
      continue
    }
    await clearLeftovers(site.cluster, site.mark)
    await clearStaleFiles(site.cluster)
    const launched = await launch(site, look)
    if (launched !== 'blocked') return launched
    if (++clock.blocked * 250 > longestClearing) throw await blockedFor(site)
    await sleep(250)
  }
}

/** It goes on by itself, and the next start finds it. */
class SlowStart extends StartError {}

/** Ends it within half a minute. Its data is safe, whichever way it ends. */
export async function stopServer(running: Running): Promise<void> {
  for (const [signal, patience] of stopSteps) {
    await running.kill(signal)
    if (await running.gone(patience)) return
  }
}

// SIGINT ends sessions, rolls back and writes a checkpoint; SIGQUIT leaves recovery to the next start.
const stopSteps: readonly (readonly [NodeJS.Signals, number])[] = [
  ['SIGINT', 20_000],
  ['SIGQUIT', 8_000],
  ['SIGKILL', 5_000],
]

async function adopt(site: Site, file: PostmasterFile): Promise<Running | undefined> {
  if (file.status !== 'ready') return undefined
  const greeting = await greet(site.cluster, file.port, site.secrets)
  if (greeting.state === 'not-yet') return undefined
  if (greeting.state === 'elsewhere')
    throw new StartError(
      `Port ${file.port}, where the PostgreSQL of ${site.cluster} (process ${file.pid}) should be, is answered by that of another folder. Stop that process, then start Plaza again.`,
    )
  const running = processOf(file.pid, file.port, site)
  if (greeting.clusterName === site.clusterName) return running
  site.log(
    `PostgreSQL (process ${file.pid}) runs with other settings or of another version; it is started again.`,
  )
  await stopServer(running)
  return undefined
}

function processOf(pid: number, port: number, site: Site): Running {
  const lives = async () => (await whose(pid, site.cluster, site.mark)) === 'ours'
  return {
    pid,
    port,
    adopted: true,
    kill: async signal => {
      if (await lives()) signalProcess(pid, signal)
    },
    gone: async within => {
      const deadline = Date.now() + within
      while (await lives()) {
        if (Date.now() >= deadline) return false
        await (within === Infinity ? sleep(500, undefined, { ref: false }) : sleep(20))
      }
      return true
    },
  }
}

async function launch(site: Site, look: LookOptions): Promise<Running | 'blocked'> {
  if (!(await isFreePort(site.secrets.port))) await movePort(site, look)
  const { port } = site.secrets
  await using log = await openServerLog(site.logFile)
  const { size } = await log.stat()
  const child = spawnServer(site, port, log)
  const running = childOf(child, port)
  const clock = { started: Date.now(), said: Date.now() }
  try {
    while (!(await running.gone(5))) {
      look.signal.throwIfAborted()
      const file = await readPostmasterFile(site.cluster)
      if (file?.pid !== child.pid) continue
      if (file?.status === 'ready' && (await greet(site.cluster, port, site.secrets)).state === 'ready')
        return running
      if (file) sayWaiting(site, file, clock)
    }
  } catch (error) {
    if (!(error instanceof SlowStart)) await stopServer(running)
    throw error
  }
  return await explainExit(site, look, child, await lastLines(log, size))
}

function spawnServer(site: Site, port: number, log: FileHandle): ChildProcess {
  const flags = [
    '-D',
    folderForServer(site.cluster, site.runAs),
    ...toFlags(site.settings, site.clusterName, port),
  ]
  // A session of its own: Ctrl-C in the terminal reaches Plaza, which stops the server when it has drained.
  const child = spawn(site.binaries.postgres, flags, {
    ...serverProcess(site.cluster, site.runAs),
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  })
  child.unref()
  return child
}

function childOf(child: ChildProcess, port: number): Running {
  const failed = once(child, 'exit').then(
    () => undefined,
    error => cannotRun(child.spawnfile, error as Error),
  )
  return {
    pid: child.pid ?? 0,
    port,
    adopted: false,
    kill: async signal => {
      child.kill(signal)
    },
    gone: async within => {
      const ended = failed.then(error => {
        if (error) throw error
        return true
      })
      if (within === Infinity) return ended
      const waiting = new AbortController()
      const late = sleep(within, false, { signal: waiting.signal }).catch(() => false)
      return Promise.race([ended, late]).finally(() => waiting.abort())
    },
  }
}

async function explainExit(
  site: Site,
  look: LookOptions,
  child: ChildProcess,
  tail: string,
): Promise<'blocked'> {
  if (/pre-existing shared memory block|lock file ".*" already exists/.test(tail)) return 'blocked'
  if (/could not create any TCP\/IP sockets/.test(tail)) {
    await movePort(site, look)
    return 'blocked'
  }
  const free = await freeBytes(site.folder)
  if (/No space left on device|Disk quota exceeded/.test(tail) || free < 1_000_000)
    throw fullDisk(site.folder, free)
  const how = child.signalCode ? `was ended by ${child.signalCode}` : `ended with code ${child.exitCode}`
  throw new StartError(
    `PostgreSQL did not start: it ${how}. The end of ${site.logFile}:\n${tail || '(nothing)'}\n` +
      'Put right what it says and start Plaza again, or set DATABASE_URL to a PostgreSQL (15 or newer) of your own.',
  )
}

async function movePort(site: Site, look: LookOptions): Promise<void> {
  const taken = site.secrets.port
  if (look.samePort)
    throw new StartError(
      `PostgreSQL cannot come back: another program took its port ${taken}. Stop that program, or start Plaza again.`,
    )
  site.secrets = { ...site.secrets, port: await findFreePort() }
  await writeSecrets(site.cluster, site.secrets, site.runAs)
  site.log(`Port ${taken} is taken; PostgreSQL listens on ${site.secrets.port} from now on.`)
}

async function blockedFor(site: Site): Promise<StartError> {
  await using log = await openServerLog(site.logFile)
  return new StartError(
    `PostgreSQL did not start: processes of an earlier server still hold ${site.cluster}. End them (they are called "postgres: ${site.mark}…"), then start Plaza again. ` +
      `The end of ${site.logFile}:\n${await lastLines(log, 0, 4)}`,
  )
}

function sayWaiting(site: Site, file: PostmasterFile, clock: { started: number; said: number }): void {
  const now = Date.now()
  if (now - clock.started > longestStart)
    throw new SlowStart(
      `PostgreSQL (process ${file.pid}) has been ${file.status || 'starting'} for ${longestStart / 60_000} minutes. Look into ${site.logFile}; ` +
        'it goes on by itself: wait, then start Plaza again.',
    )
  if (now - clock.said < sayEvery) return
  clock.said = now
  site.log(
    `Waiting for PostgreSQL (process ${file.pid}, ${file.status || 'starting'}) since ${Math.round((now - clock.started) / 1000)} s …`,
  )
}
