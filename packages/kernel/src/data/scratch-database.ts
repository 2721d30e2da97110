import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { readEnv } from '../config/config.ts'
import { type DatabaseOptions, type Db, openDatabase } from './database.ts'
import { type MigratedService, migrate } from './migrations/migrate.ts'

/** A database of one test's own, dropped with everything in it, roles too, when its block ends. */
export interface ScratchDatabase extends AsyncDisposable {
  readonly name: string
  /** Connects as its owner. */
  readonly ownerUrl: string
  /** Migrates and opens the databases of services, each under its own role; they are closed with the scratch database. */
  open(service: MigratedService, options?: Partial<DatabaseOptions>): Promise<Db>
  /** Migrates all of these; returns by service where it logs in. */
  migrate(services: readonly MigratedService[]): Promise<ReadonlyMap<string, string>>
  /** A connection as the owner, ended with the scratch database. */
  connect(): Promise<pg.Client>
}

/**
 * Creates an empty database on the server of `PLAZA_TEST_DATABASE_URL` (a superuser's URL).
 * @example
 * await using scratch = await scratchDatabase()
 * const db = await scratch.open({ name: 'posts', migrations: new URL('../migrations/', import.meta.url) })
 */
export async function scratchDatabase(): Promise<ScratchDatabase> {
  const serverUrl = readEnv().PLAZA_TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'
  const name = `test_${randomBytes(6).toString('hex')}`
  await onServer(serverUrl, [`create database ${name}`])
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  const ownerUrl = url.href
  const passwords = new Map<string, string>()
  const opened: Db[] = []
  const clients: pg.Client[] = []
  const keep = async (roles: readonly string[]) => {
    for (const role of roles) if (!passwords.has(role)) passwords.set(role, randomBytes(12).toString('hex'))
    return passwords
  }
  const log = { info: () => {}, warn: () => {} }
  const migrateAll = (services: readonly MigratedService[]) =>
    migrate({ ownerUrl, services, passwords: keep, log })
  return {
    name,
    ownerUrl,
    migrate: migrateAll,
    open: async (service, options) => {
      const urls = await migrateAll([service])
      const db = openDatabase({ url: urls.get(service.name)!, schema: service.name, ...options })
      opened.push(db)
      return db
    },
    connect: async () => {
      const client = new pg.Client({ connectionString: ownerUrl })
      client.on('error', () => {})
      await client.connect()
      clients.push(client)
      return client
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(opened.map(db => db.close()))
      await Promise.all(clients.map(client => client.end()))
      await onServer(serverUrl, [
        `drop database ${name} with (force)`,
        ...[...passwords.keys()].map(role => `drop role if exists ${role}`),
      ])
    },
  }
}

async function onServer(url: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}
