import { type Config, readEnv, toConfig } from '@plaza/kernel/config'
import { loadSecret } from '@plaza/kernel/security'
import { type Host, host } from '@plaza/kernel/service'
import { makeLogger, makeMetrics } from '@plaza/kernel/telemetry'
import { migrateServices, visitServer } from './database.ts'
import { allServices } from './services.ts'

/**
 * Runs `work` with every service callable and none at work (no subscriptions, no jobs): for commands, whether or not a Plaza runs on
 * the same data beside it.
 */
export async function withServices<T>(work: (services: Host) => Promise<T>): Promise<T> {
  const given = toConfig(readEnv())
  const config: Config = Object.freeze({ ...given, secret: await loadSecret(given) })
  const log = makeLogger({ level: config.logLevel === 'info' ? 'warn' : config.logLevel, pretty: false })
  await using database = await visitServer(config, log)
  const databaseUrls = await migrateServices(database.ownerUrl, allServices, config, log)
  const services = await host({ services: allServices, databaseUrls, config, log, metrics: makeMetrics() })
  try {
    return await work(services)
  } finally {
    await services.stop()
  }
}
