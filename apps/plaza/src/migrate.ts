import { readEnv, toConfig } from '@plaza/kernel/config'
import { makeLogger } from '@plaza/kernel/telemetry'
import { migrateServices, openServer } from './database.ts'
import { allServices } from './services.ts'

/** `plaza migrate`: the one command that needs the database's owner. */
export async function migrateDatabase(): Promise<void> {
  const config = toConfig(readEnv())
  const log = makeLogger({ level: config.logLevel, pretty: process.stdout.isTTY })
  await using database = await openServer(config, log)
  const urls = await migrateServices(database.ownerUrl, allServices, config, log)
  console.log(`${urls.size} schemas are up to date: ${[...urls.keys()].join(', ')}`)
}
