import pg from 'pg'
import type { Logger } from '../../telemetry/index.ts'
import { type Applied, type Migration, pendingMigrations, readMigrations } from './migration-files.ts'
import type { RolePasswords } from './role-passwords.ts'
import { assertSameSecret, keepSecretMark } from './secret-mark.ts'
import { roleOf, roleSetup, scramVerifier, serviceUrl, setupDigest } from './service-role.ts'

export interface MigrateOptions {
  /** The database as its owner: a superuser, or a role that may create schemas and roles. */
  readonly ownerUrl: string
  readonly services: readonly MigratedService[]
  readonly passwords: RolePasswords
  /** `PLAZA_SECRET`: a database that was set up with another is refused. */
  readonly secret?: string
  readonly log: Pick<Logger, 'info' | 'warn'>
}

export interface MigratedService {
  /** Also the name of its schema. */
  readonly name: string
  /** Its folder of `0001-name.sql` files; undefined when it has only the kernel's tables. */
  readonly migrations: URL | undefined
}

/**
 * Brings every service's schema and role up to date, under one advisory lock and over one connection; a few ms when nothing is to do.
 * Each file is applied in a transaction that also records it, so dying anywhere leaves nothing half done. Returns, by service, the URL to
 * connect with. Throws, in words for an operator, on a server older than 15, a missing right, a changed, lost or late file.
 * @example
 * const urls = await migrate({ ownerUrl, services: [{ name: 'posts', migrations }], passwords: derivedPasswords(secret, '.plaza'), log })
 * const db = openDatabase({ url: urls.get('posts')!, schema: 'posts' })
 */
export async function migrate(options: MigrateOptions): Promise<ReadonlyMap<string, string>> {
  const plans = await planServices(options.services)
  const owner = new pg.Client({
    connectionString: options.ownerUrl,
    application_name: 'plaza migrate',
    connectionTimeoutMillis: 10_000,
  })
  owner.on('error', () => {}) // the query that was running fails and says so
  await owner.connect()
  try {
    const server = await checkServer(owner)
    await lock(owner, options.log)
    if (options.secret !== undefined) await assertSameSecret(owner, options.secret)
    const state = await readState(owner, server.database, plans)
    const passwords = await options.passwords(plans.map(plan => roleOf(server.database, plan.schema)))
    for (const plan of plans) {
      const applied = state.applied.get(plan.schema)
      if (applied === undefined) await makeSchema(owner, server, plan.schema)
      await setUpRole(owner, server, plan.schema, state, passwords, options.log)
      await applyFiles(owner, plan, applied ?? [], options.log)
    }
    if (options.secret !== undefined && plans.length > 0) await keepSecretMark(owner, options.secret)
    return new Map(
      plans.map(({ schema }) => {
        const password = passwords.get(roleOf(server.database, schema))!
        return [schema, serviceUrl(options.ownerUrl, schema, password)]
      }),
    )
  } finally {
    await owner.end() // and with it the lock
  }
}

interface Plan {
  readonly schema: string
  readonly files: readonly Migration[]
  readonly kernelFiles: readonly Migration[]
}

interface Server {
  readonly database: string
  readonly maySetRights: boolean
  readonly mayCreateRole: boolean
  readonly mayCreateSchema: boolean
  readonly owner: string
}

interface State {
  readonly applied: ReadonlyMap<string, readonly Applied[]>
  readonly roles: ReadonlySet<string>
  readonly setups: ReadonlyMap<string, string>
}

const kernelFolder = new URL('../../../migrations/', import.meta.url)
const lockKey = 7_061_822_615_401

async function planServices(services: readonly MigratedService[]): Promise<Plan[]> {
  const kernelFiles = await readMigrations(kernelFolder, 'kernel/')
  return Promise.all(
    services.map(async ({ name, migrations }) => {
      if (!/^[a-z][a-z0-9_]{0,30}$/.test(name) || /^pg_|^(public|plaza|information_schema)$/.test(name))
        throw new Error(`${JSON.stringify(name)} cannot be the name of a service's schema`)
      return { schema: name, kernelFiles, files: migrations ? await readMigrations(migrations) : [] }
    }),
  )
}

async function checkServer(owner: pg.Client): Promise<Server> {
  const { rows } = await owner.query(`
    select current_setting('server_version_num')::int as version, current_setting('server_version') as shown,
      current_database() as database, rolname as owner, rolsuper or rolcreaterole as "mayCreateRole",
      has_database_privilege(current_database(), 'create') as "mayCreateSchema",
      rolsuper or pg_has_role(datdba, 'usage') as "maySetRights"
    from pg_roles, pg_database
    where rolname = current_user and datname = current_database()`)
  const server = rows[0] as Server & { version: number; shown: string }
  if (server.version < 150_000)
    throw new Error(`Plaza needs PostgreSQL 15 or newer; this server is ${server.shown}`)
  return server
}

async function lock(owner: pg.Client, log: MigrateOptions['log']): Promise<void> {
  const { rows } = await owner.query('select pg_try_advisory_lock($1) as taken', [lockKey])
  if (!rows[0].taken) {
    log.info('Another process migrates this database: waiting for it')
    await owner.query(`set lock_timeout = '10min'; set statement_timeout = 0`)
    await owner.query('select pg_advisory_lock($1)', [lockKey])
  }
  // A file that waits for a table holds up everybody who comes after it: better to fail and be run again.
  await owner.query(
    `set lock_timeout = '10s'; set statement_timeout = 0; set idle_in_transaction_session_timeout = 0`,
  )
}

async function readState(owner: pg.Client, database: string, plans: readonly Plan[]): Promise<State> {
  const schemas = plans.map(plan => plan.schema)
  const found = await owner.query(
    `select schema, null as role from unnest($1::text[]) schema where to_regclass(quote_ident(schema) || '.migrations') is not null
     union all select 'plaza', null where to_regclass('plaza.roles') is not null
     union all select null, rolname from pg_roles where rolname = any($2)`,
    [schemas, schemas.map(schema => roleOf(database, schema))],
  )
  const made = found.rows.flatMap(row => row.schema ?? [])
  const applied = new Map<string, Applied[]>(
    made.filter(schema => schema !== 'plaza').map(schema => [schema, []]),
  )
  const reads = [...applied.keys()].map(
    schema => `select '${schema}' as place, name, checksum from ${pg.escapeIdentifier(schema)}.migrations`,
  )
  if (made.includes('plaza')) reads.push(`select 'plaza', role, setup from plaza.roles`)
  const setups = new Map<string, string>()
  const { rows } = reads.length > 0 ? await owner.query(reads.join('\nunion all\n')) : { rows: [] }
  for (const { place, name, checksum } of rows) {
    if (place === 'plaza') setups.set(name, checksum)
    else applied.get(place)?.push({ name, checksum })
  }
  return { applied, setups, roles: new Set(found.rows.flatMap(row => row.role ?? [])) }
}

async function makeSchema(owner: pg.Client, server: Server, schema: string): Promise<void> {
  const name = pg.escapeIdentifier(schema)
  if (!server.mayCreateSchema)
    throw new Error(
      `${server.owner} may not create schemas. As the database's owner run: grant create on database ${pg.escapeIdentifier(server.database)} to ${pg.escapeIdentifier(server.owner)}`,
    )
  await inTransaction(owner, `create the schema ${schema}`, [
    `create schema if not exists ${name}`,
    `create table ${name}.migrations (
      name text primary key,
      checksum text not null,
      at timestamptz not null default clock_timestamp()
    )`,
    'create schema if not exists plaza',
    'create table if not exists plaza.roles (role text primary key, setup text not null)',
  ])
}

async function setUpRole(
  owner: pg.Client,
  server: Server,
  schema: string,
  state: State,
  passwords: ReadonlyMap<string, string>,
  log: MigrateOptions['log'],
): Promise<void> {
  const { database } = server
  const role = roleOf(database, schema)
  const password = passwords.get(role)
  if (password === undefined) throw new Error(`No password was given for the role ${role}`)
  const exists = state.roles.has(role)
  const digest = setupDigest(role, schema, database, password)
  const before = state.setups.get(role)
  if (exists && before === digest) return
  if (!exists && !server.mayCreateRole)
    throw new Error(
      `${server.owner} may not create roles. As a superuser run: alter role ${pg.escapeIdentifier(server.owner)} createrole`,
    )
  await inTransaction(owner, `set up the role ${role}`, [
    ...roleSetup({ role, schema, database, exists, verifier: scramVerifier(password) }),
    ...(server.maySetRights ? publicRights(database) : []),
    `insert into plaza.roles values (${pg.escapeLiteral(role)}, '${digest}')
     on conflict (role) do update set setup = excluded.setup`,
  ])
  if (!server.maySetRights)
    log.warn(`${server.owner} does not own ${database}, so whoever connects to it may make temporary tables`)
  if (exists && before !== undefined)
    log.warn(
      `The role ${role} was set up anew: processes that hold another password of it cannot connect any more`,
    )
}

// PostgreSQL lets everybody make temporary tables in a new database, and those before 15 tables in `public`.
const publicRights = (database: string) => [
  `revoke temporary on database ${pg.escapeIdentifier(database)} from public`,
  `do $$ begin if to_regnamespace('public') is not null then revoke create on schema public from public; end if; end $$`,
]

async function applyFiles(
  owner: pg.Client,
  plan: Plan,
  applied: readonly Applied[],
  log: MigrateOptions['log'],
): Promise<void> {
  const isKernels = (name: string) => name.startsWith('kernel/')
  const pending = [
    ...pendingMigrations(
      plan.schema,
      plan.kernelFiles,
      applied.filter(each => isKernels(each.name)),
    ),
    ...pendingMigrations(
      plan.schema,
      plan.files,
      applied.filter(each => !isKernels(each.name)),
    ),
  ]
  for (const file of pending) {
    await inTransaction(owner, `apply ${file.name} to ${plan.schema}`, [
      // pg_temp last: functions that keep this path (`set search_path from current`) cannot be led astray by temporary tables.
      `set local search_path = ${pg.escapeIdentifier(plan.schema)}, pg_temp`,
      'savepoint file',
      file.sql,
      'release savepoint file', // fails when the file ended the transaction itself
      `insert into migrations (name, checksum) values ('${file.name}', '${file.checksum}')`,
    ])
  }
  if (pending.length > 0)
    log.info({ schema: plan.schema, files: pending.map(file => file.name) }, `Migrated ${plan.schema}`)
}

async function inTransaction(owner: pg.Client, what: string, statements: readonly string[]): Promise<void> {
  await owner.query('begin')
  try {
    for (const statement of statements) await owner.query(statement)
    await owner.query('commit')
  } catch (error) {
    await owner.query('rollback').catch(() => {})
    throw new Error(`Could not ${what}: ${(error as Error).message}`, { cause: error })
  }
}
