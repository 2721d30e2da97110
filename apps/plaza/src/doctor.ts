import { constants } from 'node:fs'
import { access, statfs } from 'node:fs/promises'
import type { Config } from '@plaza/kernel/config'
import { makeLogger } from '@plaza/kernel/telemetry'
import pg from 'pg'
import { visitServer } from './database.ts'
import { readConfig } from './read-config.ts'
import { allServices } from './services.ts'

interface Finding {
  readonly ok: boolean
  readonly what: string
  /** What to do about it, when it is not well. */
  readonly advice?: string
}

/** `plaza doctor`: looks at all that Plaza stands on, and says what to do; the exit code says whether all is well. */
export async function doctor(): Promise<void> {
  const config = readConfig()
  const findings = [
    ...node(),
    ...(await folder(config)),
    ...(await database(config)),
    ...(await running(config)),
  ]
  for (const { ok, what, advice } of findings) {
    console.log(`${ok ? '✓' : '✗'} ${what}${advice === undefined || ok ? '' : `\n    ${advice}`}`)
  }
  const wrong = findings.filter(each => !each.ok).length
  console.log(wrong === 0 ? '\nAll is well.' : `\n${wrong} of ${findings.length} need attention.`)
  if (wrong > 0) process.exitCode = 1
}

function node(): Finding[] {
  const [major] = process.versions.node.split('.')
  return [
    {
      ok: major === '26',
      what: `Node.js ${process.versions.node}`,
      advice: 'Start Plaza by npm: it brings Node.js 26.',
    },
  ]
}

async function folder(config: Config): Promise<Finding[]> {
  const path = config.dataFolder
  const writable = await access(path, constants.W_OK).then(
    () => true,
    () => false,
  )
  if (!writable) {
    return [
      {
        ok: false,
        what: `data folder ${path}`,
        advice: 'Start Plaza once, or make the folder writable for this user.',
      },
    ]
  }
  const { bavail, bsize } = await statfs(path)
  const free = (bavail * bsize) / 2 ** 30
  const advice = 'PostgreSQL stops when the disk is full: make room.'
  return [{ ok: free > 1, what: `data folder ${path}, ${free.toFixed(1)} GB free`, advice }]
}

async function database(config: Config): Promise<Finding[]> {
  try {
    await using server = await visitServer(
      config,
      allServices,
      makeLogger({ level: 'silent', pretty: false }),
    )
    const client = new pg.Client({ connectionString: server.ownerUrl, connectionTimeoutMillis: 5_000 })
    await client.connect()
    try {
      return await lookAround(client, config)
    } finally {
      await client.end()
    }
  } catch (error) {
    return [
      {
        ok: false,
        what: `database: ${(error as Error).message}`,
        advice: 'Check DATABASE_URL, and that its server runs.',
      },
    ]
  }
}

async function lookAround(client: pg.Client, config: Config): Promise<Finding[]> {
  const { rows } = await client.query<Vitals>(
    `select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
       current_setting('max_connections')::int as most, current_setting('fsync') as fsync,
       current_setting('synchronous_commit') as sync, extract(epoch from clock_timestamp()) * 1000 as clock,
       (select array_agg(nspname::text) from pg_namespace where nspname = any($1)) as schemas`,
    [allServices.map(each => each.contract.name)],
  )
  const vitals = rows[0]!
  const drift = Math.abs(Number(vitals.clock) - Date.now())
  // Besides its pool, each service has connections for its ticker and for listening.
  const wanted = allServices.length * (config.databaseConnections + 2)
  const missing = allServices.map(each => each.contract.name).filter(name => !vitals.schemas?.includes(name))
  const durable = vitals.fsync === 'on' && vitals.sync !== 'off' && vitals.sync !== 'local'
  return [
    {
      ok: vitals.number >= 150_000,
      what: `PostgreSQL ${vitals.version}`,
      advice: 'Plaza needs PostgreSQL 15 or newer.',
    },
    {
      ok: durable,
      what: `durable: fsync ${vitals.fsync}, synchronous_commit ${vitals.sync}`,
      advice: 'Turn both on.',
    },
    {
      ok: wanted < vitals.most,
      what: `connections: ${wanted} wanted of ${vitals.most}`,
      advice: 'Raise max_connections or lower DATABASE_CONNECTIONS.',
    },
    {
      ok: drift < 1_000,
      what: `clocks ${Math.round(drift)} ms apart`,
      advice: 'Let both machines set their clocks (NTP).',
    },
    {
      ok: missing.length === 0,
      what: missing.length === 0 ? 'every schema is there' : `no schema yet for ${missing.join(', ')}`,
      advice: 'Run plaza migrate, or start Plaza.',
    },
  ]
}

async function running(config: Config): Promise<Finding[]> {
  const url = `http://${config.host}:${config.port}/health/ready`
  const answer = await fetch(url, { signal: AbortSignal.timeout(3_000) }).catch(() => undefined)
  if (answer === undefined) return [{ ok: true, what: `no Plaza runs at ${config.host}:${config.port}` }]
  const advice = `See ${url} for what is not ready.`
  return [
    {
      ok: answer.status === 200,
      what: `the Plaza at ${config.host}:${config.port} answers ${answer.status}`,
      advice,
    },
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
