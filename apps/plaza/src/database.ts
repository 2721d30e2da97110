import { setTimeout as sleep } from 'node:timers/promises'
import { type Config, ConfigError } from '@plaza/kernel/config'
import { derivedPasswords, migrate } from '@plaza/kernel/data'
import { isFolderInUse, ownerUrlOf, type PostgresServer, startPostgres } from '@plaza/kernel/postgres'
import type { ServiceDefinition } from '@plaza/kernel/service'
import type { Logger } from '@plaza/kernel/telemetry'
import type { SecretConfig } from './read-config.ts'

/** The database Plaza stands on: its own server, or the one of `DATABASE_URL`. */
export interface Database extends AsyncDisposable {
  /** Undefined when each service has a database of its own. */
  readonly ownerUrl: string | undefined
  /** Plaza's own server, when it is one. */
  readonly postgres: PostgresServer | undefined
}

/** Starts or adopts Plaza's own PostgreSQL, with these settings, unless `DATABASE_URL` names another, or each service has its own. */
export async function openServer(
  config: Config,
  services: readonly ServiceDefinition[],
  log: Logger,
  settings: Readonly<Record<string, string>> = {},
): Promise<Database> {
  const { databaseUrl, topology } = config
  if (databaseUrl !== undefined || services.every(each => topology.databaseUrls.has(each.contract.name))) {
    return { ownerUrl: databaseUrl, postgres: undefined, [Symbol.asyncDispose]: async () => {} }
  }
  const postgres = await startPostgres({
    dataDir: config.dataFolder,
    settings,
    log: line => log.info(line),
  })
  return { ownerUrl: postgres.ownerUrl, postgres, [Symbol.asyncDispose]: () => postgres.stop() }
}

/** As `openServer`; when a Plaza that runs has the server, as its guest. For commands. */
export async function visitServer(
  config: Config,
  services: readonly ServiceDefinition[],
  log: Logger,
  settings: Readonly<Record<string, string>> = {},
): Promise<Database> {
  try {
    return await openServer(config, services, log, settings)
  } catch (error) {
    if (!isFolderInUse(error)) throw error
    const ownerUrl = await ownerUrlOf(config.dataFolder)
    return { ownerUrl, postgres: undefined, [Symbol.asyncDispose]: async () => {} }
  }
}

/** Brings schemas and roles up to date, in each database the services are in; returns by service where it logs in. */
export async function migrateServices(
  ownerUrl: string | undefined,
  services: readonly ServiceDefinition[],
  { dataFolder, secret, topology }: SecretConfig,
  log: Logger,
): Promise<ReadonlyMap<string, string>> {
  const byDatabase = Map.groupBy(services, ({ contract }) => {
    const url = topology.databaseUrls.get(contract.name) ?? ownerUrl
    if (url === undefined) throw new ConfigError(`DATABASE_URL is not set, and ${contract.name} needs one.`)
    return url
  })
  const urls: [string, string][] = []
  for (const [url, there] of byDatabase) {
    const migrated = await migrate({
      ownerUrl: url,
      services: there.map(({ contract, migrations }) => ({ name: contract.name, migrations })),
      passwords: derivedPasswords(secret, dataFolder),
      secret,
      log,
    })
    urls.push(...migrated)
  }
  return new Map(urls)
}

/** How long (ms) a database may take to come up, or to come back, while a process starts. */
const longestWait = 60_000

/** Tries again while the server cannot be reached or starts: processes start in any order, and a database that restarts is no failure. */
export async function whenItAnswers<T>(work: () => Promise<T>, log: Logger, signal: AbortSignal): Promise<T> {
  const end = Date.now() + longestWait
  for (let tries = 0; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (!isAway(error) || Date.now() >= end || signal.aborted) throw error
      if (tries === 0) log.info(`Waiting for the database: ${(error as Error).message}`)
      await sleep(Math.min(1_000, 50 * 2 ** Math.min(tries, 6)))
    }
  }
}

/** Not there, starting, stopping, recovering, or without a connection to spare. */
function isAway(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = each.cause) {
    const { code = '' } = each as NodeJS.ErrnoException
    if (/^(ECONNREFUSED|ECONNRESET|ENOENT|EPIPE|57P0[123]|53300)$/.test(code)) return true
    if (/^(Connection terminated|timeout expired)/.test(each.message)) return true
  }
  return false
}
