import { makeLogger } from '@plaza/kernel/telemetry'
import { migrateServices, visitServer } from './database.ts'
import { readConfig, withSecret } from './read-config.ts'
import { allServices } from './services.ts'

/** `plaza migrate`: the one command that needs the database's owner. */
export async function migrateDatabase(): Promise<void> {
  const config = await withSecret(readConfig({ PLAZA_SERVICES: '' }))
  const log = makeLogger({ level: config.logLevel, pretty: process.stdout.isTTY })
  await using database = await visitServer(config, allServices, log)
  const urls = await migrateServices(database.ownerUrl, allServices, config, log)
  console.log(`${urls.size} schemas are up to date: ${[...urls.keys()].join(', ')}`)
}
