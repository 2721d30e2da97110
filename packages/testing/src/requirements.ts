import { execFile } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'

/** What a test may need of the machine beyond what `npm ci` brings. */
export type RequirementName = 'postgresql-15' | 'postgresql-15-programs'

export type Requirement = { available: true; at: string } | { available: false; reason: string }

const probes: Record<RequirementName, () => Promise<Requirement>> = {
  'postgresql-15': findServer,
  'postgresql-15-programs': findPrograms,
}

const found = new Map<RequirementName, Promise<Requirement>>()

/**
 * Whether the machine has it, and where: the URL of the PostgreSQL 15 server (as its owner), the folder of PostgreSQL
 * 15's programs. Probed once a process.
 */
export function requirement(name: RequirementName): Promise<Requirement> {
  const known = found.get(name) ?? probes[name]()
  found.set(name, known)
  return known
}

/**
 * Options for a test that cannot run without these; the skip names what is wanting. With PLAZA_TEST_REQUIRE_ALL=1
 * (continuous integration) nothing may be wanting: it throws.
 *
 *   test('the suite passes on PostgreSQL 15', await skipUnless('postgresql-15'), async () => { … })
 */
export async function skipUnless(...names: RequirementName[]): Promise<{ skip: string | false }> {
  for (const name of names) {
    const state = await requirement(name)
    if (state.available) continue
    if (process.env.PLAZA_TEST_REQUIRE_ALL === '1')
      throw new Error(`PLAZA_TEST_REQUIRE_ALL=1, but ${state.reason}`)
    return { skip: state.reason }
  }
  return { skip: false }
}

/** Where it is; throws the reason if it is wanting. For use inside a test that `skipUnless` guards. */
export async function placeOf(name: RequirementName): Promise<string> {
  const state = await requirement(name)
  if (!state.available) throw new Error(state.reason)
  return state.at
}

async function findServer(): Promise<Requirement> {
  const given = process.env.PLAZA_TEST_POSTGRES15_URL
  const at = given ?? 'postgres://postgres@127.0.0.1:5432/postgres'
  const client = new pg.Client({ connectionString: at, connectionTimeoutMillis: 3_000 })
  // Where it listens, never its password.
  const place = new URL(at).host
  const advice = 'set PLAZA_TEST_POSTGRES15_URL to one, as its owner'
  try {
    await client.connect()
    const { rows } = await client.query<{ version: number; owner: boolean }>(
      "select current_setting('server_version_num')::int / 10000 as version, rolsuper as owner from pg_roles where rolname = current_user",
    )
    const { version, owner } = rows[0]!
    if (version !== 15)
      return {
        available: false,
        reason: `the PostgreSQL at ${place} is version ${version}, not 15: ${advice}`,
      }
    if (!owner)
      return {
        available: false,
        reason: `the PostgreSQL 15 at ${place} does not let us in as its owner: ${advice}`,
      }
    return { available: true, at }
  } catch (error) {
    return {
      available: false,
      reason: `no PostgreSQL 15 server answers at ${place} (${(error as Error).message}): ${advice}`,
    }
  } finally {
    await client.end().catch(() => undefined)
  }
}

async function findPrograms(): Promise<Requirement> {
  const at = process.env.PLAZA_TEST_POSTGRES15_BIN ?? '/usr/lib/postgresql/15/bin'
  const advice = 'set PLAZA_TEST_POSTGRES15_BIN to the folder that holds initdb, postgres, pg_ctl, pg_dump'
  try {
    for (const program of ['initdb', 'postgres', 'pg_ctl', 'pg_dump', 'pg_restore', 'pg_basebackup', 'psql'])
      await access(join(at, program), constants.X_OK)
    const { stdout } = await promisify(execFile)(join(at, 'postgres'), ['--version'])
    if (!/\b15\.\d/.test(stdout))
      return { available: false, reason: `${at} holds ${stdout.trim()}, not PostgreSQL 15: ${advice}` }
    return { available: true, at }
  } catch (error) {
    return {
      available: false,
      reason: `PostgreSQL 15's programs are not in ${at} (${(error as Error).message}): ${advice}`,
    }
  }
}
