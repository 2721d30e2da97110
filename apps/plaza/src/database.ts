import { join } from 'node:path'
import type { Config } from '@plaza/kernel/config'
import { keptPasswords, migrate } from '@plaza/kernel/data'
import { isFolderInUse, ownerUrlOf, type PostgresServer, startPostgres } from '@plaza/kernel/postgres'
import type { ServiceDefinition } from '@plaza/kernel/service'
import type { Logger } from '@plaza/kernel/telemetry'

/** The database Plaza stands on: its own server, or the one of `DATABASE_URL`. */
export interface Database extends AsyncDisposable {
  readonly ownerUrl: string
  /** Plaza's own server, when it is one. */
  readonly postgres: PostgresServer | undefined
}

/** Starts or adopts Plaza's own PostgreSQL unless `DATABASE_URL` names another. */
export async function openServer(config: Config, log: Logger): Promise<Database> {
  if (config.databaseUrl !== undefined) {
    return { ownerUrl: config.databaseUrl, postgres: undefined, [Symbol.asyncDispose]: async () => {} }
  }
  const postgres = await startPostgres({ dataDir: config.dataFolder, log: line => log.info(line) })
  return { ownerUrl: postgres.ownerUrl, postgres, [Symbol.asyncDispose]: () => postgres.stop() }
}

/** As `openServer`; when a Plaza that runs has the server, as its guest. For commands. */
export async function visitServer(config: Config, log: Logger): Promise<Database> {
  try {
    return await openServer(config, log)
  } catch (error) {
    if (!isFolderInUse(error)) throw error
    const ownerUrl = await ownerUrlOf(config.dataFolder)
    return { ownerUrl, postgres: undefined, [Symbol.asyncDispose]: async () => {} }
  }
}

/** Brings schemas and roles up to date; returns by service where it logs in. */
export function migrateServices(
  ownerUrl: string,
  services: readonly ServiceDefinition[],
  config: Config,
  log: Logger,
): Promise<ReadonlyMap<string, string>> {
  return migrate({
    ownerUrl,
    services: services.map(({ contract, migrations }) => ({ name: contract.name, migrations })),
    passwords: keptPasswords(join(config.dataFolder)),
    log,
  })
}
