import { type Host, host } from '@plaza/kernel/service'
import { makeLogger, makeMetrics } from '@plaza/kernel/telemetry'
import { migrateServices, visitServer } from './database.ts'
import { readConfig, withSecret } from './read-config.ts'
import { allServices } from './services.ts'

/**
 * Runs `work` with every service callable and none at work (no subscriptions, no jobs): for commands, whether or not a Plaza runs on
 * the same data beside it.
 */
export async function withServices<T>(work: (services: Host) => Promise<T>): Promise<T> {
  const config = await withSecret(readConfig({ PLAZA_SERVICES: '' }))
  const log = makeLogger({ level: config.logLevel === 'info' ? 'warn' : config.logLevel, pretty: false })
  await using database = await visitServer(config, allServices, log)
  const databaseUrls = await migrateServices(database.ownerUrl, allServices, config, log)
  const services = await host({ services: allServices, databaseUrls, config, log, metrics: makeMetrics() })
  try {
    return await work(services)
  } finally {
    await services.stop()
  }
}
