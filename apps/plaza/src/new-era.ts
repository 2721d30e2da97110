import { openDatabase } from '@plaza/kernel/data'
import { forceNewEra } from '@plaza/kernel/events'
import { makeLogger } from '@plaza/kernel/telemetry'
import { migrateServices, openServer } from './database.ts'
import { readConfig, withSecret } from './read-config.ts'
import { allServices } from './services.ts'

/** `plaza events new-era`: to be run with Plaza stopped, after a dump was restored over the same database of a running server. */
export async function startNewEra(): Promise<void> {
  const config = await withSecret(readConfig({ PLAZA_SERVICES: '' }))
  const log = makeLogger({ level: 'warn', pretty: false })
  await using database = await openServer(config, allServices, log)
  const urls = await migrateServices(database.ownerUrl, allServices, config, log)
  for (const [name, url] of urls) {
    const db = openDatabase({ url, schema: name, connections: 1 })
    try {
      const { era } = await forceNewEra(db)
      console.log(`${name}: era ${era} begins. Subscribers go back to where both pasts agree.`)
    } finally {
      await db.close()
    }
  }
}
