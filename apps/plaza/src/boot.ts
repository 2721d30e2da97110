import { hostname } from 'node:os'
import { auth } from '@plaza/auth/contract'
import { createGateway } from '@plaza/gateway'
import { newContext, type RemoteCalls } from '@plaza/kernel/call'
import { type Config, ConfigError, gatewayName } from '@plaza/kernel/config'
import type { PostgresServer } from '@plaza/kernel/postgres'
import { remoteCalls } from '@plaza/kernel/rpc'
import { type Host, host } from '@plaza/kernel/service'
import { type Logger, type Metrics, makeMetrics } from '@plaza/kernel/telemetry'
import type { MadeAdmin } from './banner.ts'
import { cannotListen } from './cannot-listen.ts'
import { migrateServices, openServer, whenItAnswers } from './database.ts'
import { type SecretConfig, withSecret } from './read-config.ts'
import { isCalledByOthers, isWhole, openRpc } from './rpc.ts'
import { seededFaults } from './seeded-faults.ts'
import { allContracts, allServices } from './services.ts'
import { untilReady } from './until-ready.ts'
import { version } from './version.ts'

/** A running Plaza, or the part of one that this process hosts. */
export interface Plaza {
  /** Where clients reach it; undefined without the gateway. */
  readonly url: string | undefined
  /** Where other processes call what is hosted here; undefined when nobody does. */
  readonly rpcUrl: string | undefined
  readonly hosted: readonly string[]
  readonly postgres: PostgresServer | undefined
  /** Not ready, stop accepting, finish what runs (bounded), flush, close. */
  stop(): Promise<void>
}

export interface BootOptions {
  readonly config: Config
  readonly log: Logger
  /** Gives up starting. */
  readonly signal: AbortSignal
  /** Hears of the first admin as soon as it is made, whatever fails later: the password is kept nowhere in clear. */
  readonly showAdmin: (admin: MadeAdmin) => void
}

/** Starts what this process hosts, the database first where it is its own; undefined when the signal came before it was done. */
export async function boot({
  config: given,
  log,
  signal,
  showAdmin,
}: BootOptions): Promise<Plaza | undefined> {
  await using undo = new AsyncDisposableStack()
  assertShared(given)
  const { hosted } = given.topology
  const config = await withSecret(given)
  const services = allServices.filter(each => hosted.includes(each.contract.name))
  const database = undo.use(await openServer(config, services, log))
  if (signal.aborted) return undefined
  const databaseUrls = await whenItAnswers(
    () => migrateServices(database.ownerUrl, services, config, log),
    log,
    signal,
  )
  const metrics = makeMetrics()
  const remote = isWhole(config) ? undefined : remoteOf(config, log, metrics)
  undo.defer(() => remote?.close())
  const part: Host = await host({
    services,
    contracts: allContracts,
    databaseUrls,
    config,
    log,
    metrics,
    version,
    instance: instanceName(config),
    ...(remote !== undefined && { remote }),
    ...(config.injectFaults && { faults: seededFaults(log) }),
  })
  undo.defer(() => part.stop())
  const rpc = isCalledByOthers(config) ? await openRpc({ host: part, config, log, metrics }) : undefined
  if (rpc !== undefined) undo.defer(() => rpc.close())
  const gateway = hosted.includes(gatewayName)
    ? createGateway({ host: part, remote, config, log, metrics, version })
    : undefined
  // Ends the long polls of others: whatever else closes waits for them.
  undo.defer(() => part.drain())
  if (!(await untilReady(part, log, signal))) return undefined
  if (hosted.includes(auth.name)) await ensureFirstAdmin(part, showAdmin)
  if (signal.aborted) return undefined
  const url = await gateway?.listen().catch(error => {
    throw cannotListen(error, config.host, config.port, ['HOST', 'PORT'])
  })
  undo.defer(() => gateway?.close())
  rpc?.isReady()
  // First of all, before the gateway closes: whoever spreads the load sends nothing new.
  undo.defer(() => rpc?.isStopping())
  const parts = undo.move()
  return {
    url,
    rpcUrl: rpc?.url,
    hosted,
    postgres: database.postgres,
    stop: () => parts.disposeAsync(),
  }
}

/** What processes must share is not made up by one of them. */
function assertShared(config: Config): void {
  if (isWhole(config)) return
  const { hosted, databaseUrls } = config.topology
  const homeless = hosted.filter(name => name !== gatewayName && !databaseUrls.has(name))
  const missing = [
    ...(config.secret === undefined ? ['PLAZA_SECRET is not set: every process needs the same one.'] : []),
    ...(config.databaseUrl === undefined && homeless.length > 0
      ? [`DATABASE_URL is not set, and ${homeless.join(', ')} needs the one its other processes have.`]
      : []),
  ]
  if (missing.length === 0) return
  const why = 'This process hosts a part of Plaza only.'
  throw new ConfigError([why, ...missing, 'A whole fleet on one machine: plaza fleet.'].join('\n'))
}

function remoteOf(config: SecretConfig, log: Logger, metrics: Metrics): RemoteCalls {
  const { secret, topology } = config
  const elsewhere = [...topology.urls].filter(([name]) => !topology.hosted.includes(name))
  return remoteCalls({
    contracts: allContracts,
    addresses: new Map(elsewhere),
    secret,
    name: instanceName(config),
    log,
    metrics,
  })
}

/** Who this process is, for tokens, logs and doctors. */
const instanceName = ({ topology }: Config) => `${topology.hosted.join('+')}@${hostname()}:${process.pid}`

async function ensureFirstAdmin(part: Host, show: BootOptions['showAdmin']): Promise<void> {
  const context = newContext({ requestId: 'start', deadline: Date.now() + 30_000 })
  const { email, password } = await part.call(auth).ensureFirstAdmin({}, context)
  if (password !== null) show({ email, password })
}
