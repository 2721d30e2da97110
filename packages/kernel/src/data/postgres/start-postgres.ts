import { mkdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findBinaries } from './binaries.ts'
import { createCluster, giveTo, hasCluster } from './cluster.ts'
import { hostOf, owner } from './first-connection.ts'
import { lockFolder } from './folder-lock.ts'
import { findFreePort } from './ports.ts'
import { clusterMark } from './postmaster.ts'
import { chooseRunAs } from './run-as.ts'
import { adoptOrLaunch, type Running, type Site, stopServer } from './running-server.ts'
import { newPassword, readSecrets } from './secrets.ts'
import { boundServerLog, logFile } from './server-log.ts'
import { settingsDigest, withStandard } from './settings.ts'
import { explainFileError, StartError } from './start-error.ts'

export { isFolderInUse, StartError } from './start-error.ts'

export interface PostgresOptions {
  /** Plaza's data folder: the database goes to `<dataDir>/postgres`, the server's log to `<dataDir>/postgres.log`. Made if missing. */
  readonly dataDir: string
  /** PostgreSQL settings over the standard ones, for instance `{ max_prepared_transactions: '10' }`. */
  readonly settings?: Readonly<Record<string, string>>
  /** Hears, in sentences, what takes time and what went wrong later. */
  readonly log?: (line: string) => void
  /** Gives up starting. */
  readonly signal?: AbortSignal
}

export interface PostgresServer {
  /** `postgres://…` for a role and database; without any, those of the owner. */
  url(user?: string, password?: string, database?: string): string
  /** For migrations alone: the role that owns the database `plaza`. */
  readonly ownerUrl: string
  /** For tests and repairs alone. */
  readonly superuserUrl: string
  /** On 127.0.0.1, for tools; Plaza's own URLs use the socket in the data folder, a third faster. */
  readonly port: number
  readonly pid: number
  /** Whether the server was running already. */
  readonly adopted: boolean
  readonly dataDirectory: string
  /** Ends the server and gives the folder back. Without it the server lives on, and the next start adopts it. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Gives a running PostgreSQL 18 with its data in `<dataDir>/postgres`: adopts the one that outlived a killed Plaza, waits
 * for one that starts, recovers or stops, starts one, or makes a new one with an empty database `plaza`. If it dies later
 * it is started again on its port. Throws a `StartError` that says what to do.
 *
 * ```ts
 * await using postgres = await startPostgres({ dataDir: '.plaza' })
 * const client = new pg.Client(postgres.ownerUrl)
 * ```
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  try {
    const settings = withStandard(options.settings)
    const folder = await openFolder(options.dataDir)
    const lock = await lockFolder(folder)
    try {
      const site = await prepare(folder, settings, options.log ?? (() => {}))
      const given = options.signal ?? new AbortController().signal
      const running = await adoptOrLaunch(site, { signal: given, samePort: false })
      return serve(site, running, () => lock.release())
    } catch (error) {
      await lock.release()
      throw error
    }
  } catch (error) {
    throw explainFileError(error, options.dataDir)
  }
}

/** The owner's URL of the server that another process started on `dataDir`: for commands beside a Plaza that runs. */
export async function ownerUrlOf(dataDir: string): Promise<string> {
  const cluster = join(await realpath(dataDir), 'postgres')
  const secrets = await readSecrets(cluster)
  return urlTo(cluster, secrets.port, owner, secrets.ownerPassword, owner)
}

async function openFolder(dataDir: string): Promise<string> {
  if (process.platform === 'win32')
    throw new StartError(
      'Plaza does not bring a PostgreSQL for Windows itself. Run it in WSL 2, or set DATABASE_URL to a PostgreSQL (15 or newer) of your own.',
    )
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  return realpath(dataDir)
}

async function prepare(
  folder: string,
  settings: Readonly<Record<string, string>>,
  log: (line: string) => void,
): Promise<Site> {
  const cluster = join(folder, 'postgres')
  const runAs = chooseRunAs(folder, cluster)
  const binaries = await findBinaries(runAs)
  if (!(await hasCluster(cluster, binaries.major))) {
    log(`Creating the PostgreSQL ${binaries.major} data folder ${cluster} …`)
    const secrets = {
      port: await findFreePort(),
      superuserPassword: newPassword(),
      ownerPassword: newPassword(),
    }
    await createCluster(folder, cluster, binaries, secrets, runAs)
  }
  if (runAs) await giveTo(cluster, runAs)
  const mark = await clusterMark(cluster)
  const digest = settingsDigest(settings, `${binaries.postgres} ${binaries.version}`)
  return {
    folder,
    cluster,
    logFile: join(folder, logFile),
    binaries,
    settings,
    mark,
    clusterName: `${mark}-${digest}`,
    runAs,
    log,
    secrets: await readSecrets(cluster),
  }
}

function serve(site: Site, first: Running, release: () => Promise<void>): PostgresServer {
  const stopping = new AbortController()
  const stopBoundingLog = boundServerLog(site.logFile)
  const state = { running: first, restarting: Promise.resolve() }
  void watch(site, state, stopping.signal)
  let stopped: Promise<void> | undefined

  const url = (user = owner, password = site.secrets.ownerPassword, database = owner) =>
    urlTo(site.cluster, first.port, user, password, database)
  const stop = async () => {
    stopping.abort()
    await state.restarting
    await stopServer(state.running)
    stopBoundingLog()
    await release()
  }
  return {
    url,
    ownerUrl: url(),
    superuserUrl: url('postgres', site.secrets.superuserPassword),
    port: first.port,
    get pid() {
      return state.running.pid
    },
    adopted: first.adopted,
    dataDirectory: site.cluster,
    stop: () => {
      stopped ??= stop()
      return stopped
    },
    [Symbol.asyncDispose]() {
      return this.stop()
    },
  }
}

function urlTo(cluster: string, port: number, user: string, password: string, database: string): string {
  const [name, secret, host, db] = [user, password, hostOf(cluster, port), database].map(encodeURIComponent)
  return `postgres://${name}:${secret}@${host}:${port}/${db}`
}

/** Starts the server again when it dies while Plaza lives (out of memory, killed by hand), ever more slowly if it keeps dying. */
async function watch(
  site: Site,
  state: { running: Running; restarting: Promise<void> },
  signal: AbortSignal,
): Promise<void> {
  for (let pause = 0; ; ) {
    const since = Date.now()
    await state.running.gone(Infinity)
    if (signal.aborted) return
    site.log(
      `PostgreSQL (process ${state.running.pid}) ended by itself; it is started again. See ${site.logFile}.`,
    )
    pause = Date.now() - since > steady ? 0 : Math.min(longestPause, Math.max(500, pause * 2))
    state.restarting = restart(site, state, pause, signal)
    await state.restarting
    if (signal.aborted) return
  }
}

const steady = 60_000
const longestPause = 30_000

async function restart(
  site: Site,
  state: { running: Running },
  pause: number,
  signal: AbortSignal,
): Promise<void> {
  for (let wait = pause; !signal.aborted; wait = Math.min(longestPause, Math.max(500, wait * 2)))
    try {
      await sleep(wait, undefined, { signal })
      await readSecrets(site.cluster) // a folder that has vanished must not be started
      state.running = await adoptOrLaunch(site, { signal, samePort: true })
      site.log(`PostgreSQL runs again (process ${state.running.pid}).`)
      return
    } catch (error) {
      if (!signal.aborted) site.log(`PostgreSQL could not be started again: ${(error as Error).message}`)
    }
}
