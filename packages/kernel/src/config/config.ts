import { availableParallelism } from 'node:os'
import { flag, integer, list, matching, type Origin, oneOf, type Setting, text, url } from './settings.ts'
import {
  databaseVariable,
  gatewayName,
  readTopology,
  servicesVariable,
  type Topology,
  urlVariable,
} from './topology.ts'

const address = {
  pattern: /^[0-9a-fA-F:.]+(\/\d{1,3})?$|^(loopback|linklocal|uniquelocal)$/,
  says: 'addresses or networks (10.0.0.0/8)',
}
const origin = { pattern: /^(\*|https?:\/\/[^/]+)$/, says: 'origins such as https://shop.example' }

/** Every variable Plaza reads, in the order `plaza config` shows them. */
const settings = {
  port: integer('PORT', 0, 65_535, { help: 'Where the API listens; 0 takes a free port', standard: 8080 }),
  host: text('HOST', { help: 'The address it listens on', standard: '127.0.0.1' }),
  rpcPort: integer('RPC_PORT', 0, 65_535, {
    help: 'Where other processes call the services hosted here (8081 unless all are); 0 takes a free port',
    standard: undefined as number | undefined,
  }),
  rpcHost: text('RPC_HOST', { help: 'The address they are called at', standard: '127.0.0.1' }),
  dataFolder: text('PLAZA_DATA', { help: 'Where Plaza keeps its data', standard: '.plaza' }),
  databaseUrl: url('DATABASE_URL', ['postgres', 'postgresql'], {
    help: 'A PostgreSQL ≥ 15 of your own, as its owner; without it Plaza starts its own',
    standard: undefined,
    secret: true,
  }),
  databaseConnections: integer('DATABASE_CONNECTIONS', 1, 50, {
    help: 'Connections at most for each hosted service',
    standard: 3,
  }),
  secret: matching('PLAZA_SECRET', /^.{32,}$/, 'at least 32 characters', {
    help: 'Signs between processes and encrypts what is kept; made on first start',
    standard: undefined as string | undefined,
    secret: true,
  }),
  adminEmail: matching('PLAZA_ADMIN_EMAIL', /^[^@\s]+@[^@\s]+$/, 'an e-mail address', {
    help: 'The first admin',
    standard: 'admin@localhost.localdomain',
  }),
  adminPassword: matching('PLAZA_ADMIN_PASSWORD', /^.{10,72}$/, '10 to 72 characters', {
    help: "The first admin's password; made and shown once when left out",
    standard: undefined as string | undefined,
    secret: true,
  }),
  trustedProxies: list(
    'PLAZA_TRUSTED_PROXIES',
    { help: 'Whose forwarding headers to believe', standard: [] },
    address,
  ),
  corsOrigins: list(
    'PLAZA_CORS_ORIGINS',
    { help: 'Web origins that may call the API', standard: [] },
    origin,
  ),
  publicUrl: url('PLAZA_PUBLIC_URL', ['http', 'https'], {
    help: 'The address clients use; the issuer of tokens',
    standard: undefined,
  }),
  bcryptCost: integer('PLAZA_BCRYPT_COST', 10, 14, { help: 'Cost of a password hash', standard: 12 }),
  rateLimit: integer('PLAZA_RATE_LIMIT', 1, 10_000_000, {
    help: 'Requests a minute for each person, or address that is not logged in',
    standard: 600_000,
  }),
  loginAttempts: integer('PLAZA_LOGIN_ATTEMPTS', 1, 1_000_000, {
    help: 'Failed log-ins in 15 minutes for each account and address',
    standard: 20,
  }),
  openSelling: flag('PLAZA_OPEN_SELLING', {
    help: 'Anybody may become a seller; otherwise an admin makes sellers',
    standard: true,
  }),
  metricsToken: matching('PLAZA_METRICS_TOKEN', /^[\x21-\x7e]{16,}$/, '16 or more visible ASCII characters', {
    help: 'Who sends it as bearer may read /metrics; without it, whoever asks from this machine',
    standard: undefined as string | undefined,
    secret: true,
  }),
  maxConnections: integer('PLAZA_MAX_CONNECTIONS', 1, 1_000_000, {
    help: 'Client connections at once',
    standard: 10_000,
  }),
  drainTimeout: integer('PLAZA_DRAIN_SECONDS', 1, 600, {
    help: 'How long running work may take to finish when stopping',
    standard: 10,
  }),
  logLevel: oneOf('LOG_LEVEL', ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
    help: 'What is logged',
    standard: 'info',
  }),
  injectFaults: flag('PLAZA_INJECT_FAULTS', {
    help: 'Tests: local calls round-trip through JSON, frozen, with delays, retries and duplicates',
    standard: false,
  }),
} satisfies Record<string, Setting<unknown>>

type Settings = typeof settings
type Values = { -readonly [K in keyof Settings]: ReturnType<Settings[K]['parse']> | Settings[K]['standard'] }

/** Plaza's configuration: validated, frozen. */
export type Config = Readonly<Values> & {
  /** Password hashes that may run at once: cores − 1, at least 1. */
  readonly hashesAtOnce: number
  readonly topology: Topology
}

/** The variables of this process, by name: the only place that reads `process.env`. */
export function readEnv(): Readonly<Record<string, string | undefined>> {
  return { ...process.env }
}

/**
 * Gives defaults, checks and shape. Throws one error that names every wrong variable, its value and what is allowed. `known` are the
 * names of all services, and of the gateway.
 */
export function toConfig(
  env: Readonly<Record<string, string | undefined>>,
  known: readonly string[] = [],
): Config {
  const wrong: string[] = []
  const values = Object.entries(settings).map(([name, setting]: [string, Setting<unknown>]) => {
    const given = env[setting.env]
    if (given === undefined || given === '') return [name, setting.standard]
    try {
      return [name, setting.parse(given)]
    } catch (error) {
      const shown = setting.secret ? '(hidden)' : JSON.stringify(given)
      wrong.push(`${setting.env}=${shown} is not valid: it must be ${(error as Error).message}.`)
      return [name, setting.standard]
    }
  })
  const topology = readTopology(env, known, wrong)
  if (wrong.length > 0) throw new ConfigError(wrong.join('\n'))
  return Object.freeze({
    ...(Object.fromEntries(values) as Values),
    hashesAtOnce: Math.max(1, availableParallelism() - 1),
    topology,
  })
}

/** A variable that is wrong; the message is for whoever starts Plaza. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

export interface SettingView {
  readonly env: string
  readonly value: string
  readonly origin: Origin
  readonly help: string
}

/** Every setting with its value (secrets masked) and where it came from. */
export function describeConfig(
  env: Readonly<Record<string, string | undefined>>,
  known: readonly string[] = [],
): SettingView[] {
  const config = toConfig(env, known)
  const values = config as unknown as Record<string, unknown>
  const view = (name: string, value: unknown, secret: boolean, help: string): SettingView => {
    const shown = value === undefined ? '' : Array.isArray(value) ? value.join(',') : String(value)
    return {
      env: name,
      value: secret && shown !== '' ? maskUrl(shown) : shown,
      origin: env[name] ? 'environment' : 'default',
      help,
    }
  }
  return [
    ...Object.entries(settings).map(([name, setting]: [string, Setting<unknown>]) =>
      view(setting.env, values[name], setting.secret, setting.help),
    ),
    ...describeTopology(config.topology, known).map(each => view(...each)),
  ]
}

function describeTopology(
  { hosted, urls, databaseUrls }: Topology,
  known: readonly string[],
): [string, unknown, boolean, string][] {
  if (known.length === 0) return []
  const services = known.filter(name => name !== gatewayName)
  return [
    [servicesVariable, hosted, false, 'What this process hosts'],
    ...services.flatMap((name): [string, unknown, boolean, string][] => [
      [urlVariable(name), urls.get(name), false, `Where ${name} is when it is not hosted here`],
      [
        databaseVariable(name),
        databaseUrls.get(name),
        true,
        `A database of its own for ${name}, as its owner`,
      ],
    ]),
  ]
}

function maskUrl(value: string): string {
  if (!URL.canParse(value)) return '••••••••'
  const parsed = new URL(value)
  return `${parsed.protocol}//${parsed.username ? `${parsed.username}:••••@` : ''}${parsed.host}${parsed.pathname}`
}
