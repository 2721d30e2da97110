import type { Config } from '@plaza/kernel/config'
import { makeLogger } from '@plaza/kernel/telemetry'
import pg from 'pg'
import { visitServer } from '../database.ts'
import { allServices } from '../services.ts'
import { check, type Finding } from './finding.ts'

/** Besides its pool, each service has connections for its ticker and for listening. */
export const besidePool = 2

/** The server: its version, durability, connections (`wanted` at most by what runs), clock, schemas. */
export async function checkDatabase(config: Config, wanted: number | undefined): Promise<Finding[]> {
  try {
    await using server = await visitServer(
      config,
      allServices,
      makeLogger({ level: 'silent', pretty: false }),
    )
    const client = new pg.Client({ connectionString: server.ownerUrl, connectionTimeoutMillis: 5_000 })
    await client.connect()
    try {
      return await lookAround(
        client,
        wanted ?? allServices.length * (config.databaseConnections + besidePool),
      )
    } finally {
      await client.end()
    }
  } catch (error) {
    const advice = 'Check DATABASE_URL, and that its server runs.'
    return [check(false, `database: ${(error as Error).message}`, advice)]
  }
}

async function lookAround(client: pg.Client, wanted: number): Promise<Finding[]> {
  const { rows } = await client.query<Vitals>(
    `select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
       current_setting('max_connections')::int
         - current_setting('superuser_reserved_connections')::int
         - coalesce(current_setting('reserved_connections', true)::int, 0) as most,
       current_setting('fsync') as fsync,
       current_setting('synchronous_commit') as sync, extract(epoch from clock_timestamp()) * 1000 as clock,
       (select array_agg(nspname::text) from pg_namespace where nspname = any($1)) as schemas`,
    [allServices.map(each => each.contract.name)],
  )
  const vitals = rows[0]!
  const drift = Math.abs(Number(vitals.clock) - Date.now())
  const missing = allServices.map(each => each.contract.name).filter(name => !vitals.schemas?.includes(name))
  const isDurable = vitals.fsync === 'on' && vitals.sync !== 'off' && vitals.sync !== 'local'
  const schemas = missing.length === 0 ? 'every schema is there' : `no schema yet for ${missing.join(', ')}`
  return [
    check(vitals.number >= 150_000, `PostgreSQL ${vitals.version}`, 'Plaza needs PostgreSQL 15 or newer.'),
    check(isDurable, `durable: fsync ${vitals.fsync}, synchronous_commit ${vitals.sync}`, 'Turn both on.'),
    check(
      wanted <= vitals.most,
      `connections: at most ${wanted} by Plaza, of ${vitals.most} that are not reserved`,
      'Raise max_connections, or lower DATABASE_CONNECTIONS or the number of replicas.',
    ),
    check(
      drift < 1_000,
      `the database's clock is ${Math.round(drift)} ms apart`,
      'Let both machines set their clocks (NTP).',
    ),
    check(missing.length === 0, schemas, 'Run plaza migrate, or start Plaza.'),
  ]
}

interface Vitals {
  readonly version: string
  readonly number: number
  readonly most: number
  readonly fsync: string
  readonly sync: string
  readonly clock: string
  readonly schemas: readonly string[] | null
}
