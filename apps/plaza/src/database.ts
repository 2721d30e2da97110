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

/** Starts or adopts Plaza's own PostgreSQL unless `DATABASE_URL` names another, or each service has its own. */
export async function openServer(
  config: Config,
  services: readonly ServiceDefinition[],
  log: Logger,
): Promise<Database> {
  const { databaseUrl, topology } = config
  if (databaseUrl !== undefined || services.every(each => topology.databaseUrls.has(each.contract.name))) {
    return { ownerUrl: databaseUrl, postgres: undefined, [Symbol.asyncDispose]: async () => {} }
  }
  const postgres = await startPostgres({ dataDir: config.dataFolder, log: line => log.info(line) })
  return { ownerUrl: postgres.ownerUrl, postgres, [Symbol.asyncDispose]: () => postgres.stop() }
}

/** As `openServer`; when a Plaza that runs has the server, as its guest. For commands. */
export async function visitServer(
  config: Config,
  services: readonly ServiceDefinition[],
  log: Logger,
): Promise<Database> {
  try {
    return await openServer(config, services, log)
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
