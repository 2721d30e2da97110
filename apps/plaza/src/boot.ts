import { auth } from '@plaza/auth/contract'
import { createGateway, type Gateway } from '@plaza/gateway'
import { newContext } from '@plaza/kernel/call'
import type { Config } from '@plaza/kernel/config'
import type { PostgresServer } from '@plaza/kernel/postgres'
import { type Host, host } from '@plaza/kernel/service'
import { type Logger, makeMetrics } from '@plaza/kernel/telemetry'
import { migrateServices, openServer } from './database.ts'
import { withSecret } from './read-config.ts'
import { seededFaults } from './seeded-faults.ts'
import { allServices } from './services.ts'
import { version } from './version.ts'

/** A running Plaza. */
export interface Plaza {
  readonly url: string
  readonly host: Host
  /** The first admin, made just now: the password is shown once and kept nowhere in clear. */
  readonly madeAdmin: { readonly email: string; readonly password: string } | undefined
  readonly postgres: PostgresServer | undefined
  /** Stop accepting, finish what runs (bounded), flush, close. */
  stop(): Promise<void>
}

export interface BootOptions {
  readonly config: Config
  readonly log: Logger
  /** Gives up between two steps of starting. */
  readonly signal?: AbortSignal
}

/** Starts everything in this process, the database first; undefined when the signal came before it was done. */
export async function boot({ config: given, log, signal }: BootOptions): Promise<Plaza | undefined> {
  await using undo = new AsyncDisposableStack()
  const config = await withSecret(given)
  const database = undo.use(await openServer(config, allServices, log))
  if (signal?.aborted) return undefined
  const databaseUrls = await migrateServices(database.ownerUrl, allServices, config, log)
  const metrics = makeMetrics()
  const services = await host({
    services: allServices,
    databaseUrls,
    config,
    log,
    metrics,
    ...(config.injectFaults && { faults: seededFaults(log) }),
  })
  undo.defer(() => services.stop())
  const gateway: Gateway = createGateway({ host: services, config, log, metrics, version })
  await services.start()
  const admin = await services
    .call(auth)
    .ensureFirstAdmin({}, newContext({ requestId: 'start', deadline: Date.now() + 30_000 }))
  if (signal?.aborted) return undefined
  const url = await gateway.listen().catch(error => {
    throw cannotListen(error, config)
  })
  undo.defer(() => gateway.close())
  const parts = undo.move()
  return {
    url,
    host: services,
    madeAdmin: admin.password === null ? undefined : { email: admin.email, password: admin.password },
    postgres: database.postgres,
    stop: () => parts.disposeAsync(),
  }
}

function cannotListen(error: NodeJS.ErrnoException, { host, port }: Config): Error {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'is in use: set PORT to another, or stop what listens there',
    EACCES: 'is not for this user: set PORT to one above 1023',
    EADDRNOTAVAIL: 'is no address of this machine: set HOST to one, or to 0.0.0.0 for all',
  }
  const reason = reasons[error.code ?? '']
  return reason === undefined ? error : new Error(`${host}:${port} ${reason}.`, { cause: error })
}
