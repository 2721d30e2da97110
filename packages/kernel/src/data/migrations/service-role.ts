import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import pg from 'pg'

const { escapeIdentifier, escapeLiteral } = pg

/** What a service's statements may take, in ms: set on its role, not on each query (that halves the rate). */
const ceilings = {
  statement_timeout: 15_000,
  lock_timeout: 5_000,
  idle_in_transaction_session_timeout: 10_000,
}

/**
 * The role a service logs in as: `plaza_posts` in the database `plaza`. Roles are shared by all databases of a server, so the name
 * holds the database's: two Plazas on one server never share a role.
 */
export function roleOf(database: string, service: string): string {
  const role = `${database}_${service}`
  if (role.length <= 63 && Buffer.byteLength(role) === role.length) return role
  return `plaza_${createHash('sha256').update(role).digest('hex').slice(0, 20)}_${service}`.slice(0, 63)
}

/** The URL a service connects with: the owner's, with the service's role and password in place of the owner's. */
export function serviceUrl(ownerUrl: string, service: string, password: string): string {
  const database = databaseOf(ownerUrl)
  const [, scheme = '', authority = '', rest = ''] = /^(\w+:\/\/)([^/?#]*)(.*)$/s.exec(ownerUrl) ?? []
  const host = authority.slice(authority.lastIndexOf('@') + 1)
  const role = encodeURIComponent(roleOf(database, service))
  return `${scheme}${role}:${encodeURIComponent(password)}@${host}${withoutCredentials(rest, database)}`
}

/** The database a URL leads to, by libpq's rules. */
function databaseOf(url: string): string {
  const { database } = new pg.Client({ connectionString: url })
  if (!database) throw new Error('The database URL names no database')
  return database
}

/** Statements that make or repair a role and what it may do: its own schema, nothing else. Each may run again. */
export function roleSetup(options: {
  readonly role: string
  readonly schema: string
  readonly database: string
  readonly exists: boolean
  readonly verifier: string
}): string[] {
  const role = escapeIdentifier(options.role)
  const schema = escapeIdentifier(options.schema)
  const rights: readonly [string, string][] = [
    ['tables', 'select, insert, update, delete'],
    ['sequences', 'usage, select, update'],
    ['functions', 'execute'],
  ]
  return [
    ...(options.exists ? [] : [`create role ${role}`]),
    // What only a superuser may take away is not named: a role made here never had it.
    `alter role ${role} with login noinherit nocreaterole password ${escapeLiteral(options.verifier)}`,
    ...Object.entries(ceilings).map(([name, ms]) => `alter role ${role} set ${name} = '${ms}ms'`),
    `alter role ${role} set search_path = ${schema}`,
    // Short statements never gain from it, and it may cost each of them 100 ms.
    `alter role ${role} set jit = off`,
    `grant connect on database ${escapeIdentifier(options.database)} to ${role}`,
    `revoke all on schema ${schema} from public`,
    `grant usage on schema ${schema} to ${role}`,
    ...rights.flatMap(([kind, may]) => [
      `grant ${may} on all ${kind} in schema ${schema} to ${role}`,
      `alter default privileges in schema ${schema} grant ${may} on ${kind} to ${role}`,
    ]),
    `revoke insert, update, delete on ${schema}.migrations from ${role}`,
  ]
}

/** Tells one set-up from another without keeping the password. */
export function setupDigest(role: string, schema: string, database: string, password: string): string {
  const statements = roleSetup({ role, schema, database, exists: true, verifier: '' })
  return createHmac('sha256', password).update(statements.join(';\n')).digest('hex')
}

/** What PostgreSQL keeps of a password (RFC 5802): sent in its place, so that the password is in no server log. */
export function scramVerifier(password: string): string {
  const rounds = 4096
  const salt = randomBytes(16)
  const salted = pbkdf2Sync(password, salt, rounds, 32, 'sha256')
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest()
  const storedKey = createHash('sha256').update(hmac('Client Key')).digest('base64')
  return `SCRAM-SHA-256$${rounds}:${salt.toString('base64')}$${storedKey}:${hmac('Server Key').toString('base64')}`
}

// `?user=` and `?password=` would win over what stands before the @, and without a path the database would be named like the user.
function withoutCredentials(rest: string, database: string): string {
  const query = rest.indexOf('?')
  const path = query < 0 ? rest : rest.slice(0, query)
  const params = new URLSearchParams(query < 0 ? '' : rest.slice(query + 1))
  params.delete('user')
  params.delete('password')
  const text = params.toString()
  return `${path.length > 1 ? path : `/${encodeURIComponent(database)}`}${text && `?${text}`}`
}
