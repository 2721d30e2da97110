import { randomUUID } from 'node:crypto'
import { chmod, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import type { Secrets } from './secrets.ts'
import { StartError } from './start-error.ts'

/** The role that owns the database `plaza`, and the database. Only migrations log in as it. */
export const owner = 'plaza'

/** What a server says of itself once it lets us in; `elsewhere` when it serves another folder than this one. */
export type Greeting =
  | { readonly state: 'not-yet' }
  | { readonly state: 'elsewhere' }
  | { readonly state: 'ready'; readonly clusterName: string }

/**
 * Logs in to whoever listens at `port` and makes sure that it serves `cluster`: it can read a word we just wrote there.
 * Makes the database `plaza` and its owner if they are missing. Throws a `StartError` when the password is refused.
 */
export async function greet(cluster: string, port: number, secrets: Secrets): Promise<Greeting> {
  const client = await connect(cluster, port, secrets.superuserPassword)
  if (client === undefined) return { state: 'not-yet' }
  try {
    if (!(await canReadIn(cluster, client))) return { state: 'elsewhere' }
    await createDatabase(client, secrets.ownerPassword)
    const { rows } = await client.query<{ name: string }>(`select current_setting('cluster_name') as name`)
    return { state: 'ready', clusterName: rows[0]?.name ?? '' }
  } catch (error) {
    if (isGone(error)) return { state: 'not-yet' }
    throw error
  } finally {
    await client.end().catch(() => {})
  }
}

/** Where clients find the server: its socket in the data folder, or TCP where that path is longer than a socket's may be. */
export function hostOf(cluster: string, port: number): string {
  return Buffer.byteLength(join(cluster, `.s.PGSQL.${port}`)) <= longestSocketPath ? cluster : '127.0.0.1'
}

const longestSocketPath = 103 // macOS; Linux has 107

async function connect(cluster: string, port: number, password: string): Promise<pg.Client | undefined> {
  const client = new pg.Client({
    host: hostOf(cluster, port),
    port,
    user: 'postgres',
    password,
    database: 'postgres',
    application_name: 'plaza start',
    connectionTimeoutMillis: 5_000,
    query_timeout: 60_000,
  })
  client.on('error', () => {}) // each query tells of it
  try {
    await client.connect()
    return client
  } catch (error) {
    await client.end().catch(() => {})
    const { code } = error as { code?: string }
    if (code?.startsWith('28'))
      throw new StartError(
        `The PostgreSQL that runs on ${cluster} (port ${port}) refuses the password kept in ${join(cluster, 'plaza.json')}: one of the two was changed by hand. ` +
          `Put the old plaza.json back, or set that password for the role postgres.`,
        { cause: error },
      )
    if (isGone(error)) return undefined
    throw error
  }
}

// starting, stopping or recovering (57P), out of connections that leftover sessions hold (53300), not listening
function isGone(error: unknown): boolean {
  const { code = '', message } = error as { code?: string; message: string }
  return (
    /^57P0[123]$|^53300$|^08/.test(code) ||
    ['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE'].includes(code) ||
    /Connection terminated|timeout expired/.test(message)
  )
}

async function canReadIn(cluster: string, client: pg.Client): Promise<boolean> {
  const name = `plaza-${randomUUID()}`
  const file = join(cluster, name)
  await writeFile(file, name, { flag: 'wx' })
  try {
    await chmod(file, 0o644) // whatever the umask; the folder itself lets nobody else in
    const { rows } = await client.query<{ word: string | null }>('select pg_read_file($1, true) as word', [
      name,
    ])
    return rows[0]?.word === name
  } finally {
    await rm(file, { force: true })
  }
}

// Each step is looked at by itself: a start that was killed in between is finished by the next one.
async function createDatabase(client: pg.Client, password: string): Promise<void> {
  const { rows } = await client.query<{ role: boolean; database: boolean }>(
    `select exists (select from pg_roles where rolname = $1) as role,
            exists (select from pg_database where datname = $1) as database`,
    [owner],
  )
  if (!rows[0]?.role)
    await client.query(`create role ${owner} login createrole password ${client.escapeLiteral(password)}`)
  if (!rows[0]?.database) {
    await client.query('revoke all on database postgres, template1 from public')
    await client.query(`create database ${owner} owner ${owner}`)
  }
}
