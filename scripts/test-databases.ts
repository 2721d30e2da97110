import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { requirement } from '@plaza/testing/requirements'

/** A server that tests make databases on, or the reason why there is none. */
export type TestServer = AsyncDisposable & { name: string } & ({ url: string } | { reason: string })

/** Plaza's own PostgreSQL 18, new and thrown away after; without fsync, since no test here outlives it. */
export async function embeddedServer(): Promise<TestServer> {
  const name = 'embedded PostgreSQL 18'
  const dataDir = await mkdtemp(join(tmpdir(), 'plaza-test-'))
  const drop = () => rm(dataDir, { recursive: true, force: true })
  try {
    const { startPostgres } = await import('@plaza/kernel/postgres')
    const server = await startPostgres({ dataDir, settings: { fsync: 'off', max_connections: '200' } })
    const { username, password } = new URL(server.superuserUrl)
    return {
      name,
      url: `postgres://${username}:${password}@127.0.0.1:${server.port}/postgres`,
      [Symbol.asyncDispose]: () => server.stop().then(drop),
    }
  } catch (error) {
    await drop()
    throw error
  }
}

/** The PostgreSQL 15 of the machine, the oldest that Plaza supports. */
export async function server15(): Promise<TestServer> {
  const found = await requirement('postgresql-15')
  const common = { name: 'PostgreSQL 15', [Symbol.asyncDispose]: async () => {} }
  return found.available ? { ...common, url: found.at } : { ...common, reason: found.reason }
}

/** Whether a test file makes databases on the server it is given, so that it must pass on every one. */
export async function usesDatabase(path: string): Promise<boolean> {
  return /PLAZA_TEST_DATABASE_URL|scratch-?database|bootServices/i.test(await readFile(path, 'utf8'))
}
