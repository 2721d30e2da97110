import { type Call, type Context, newContext } from '@plaza/kernel/call'
import { toConfig } from '@plaza/kernel/config'
import type { UserId } from '@plaza/kernel/contract'
import { newId, randomShard } from '@plaza/kernel/data'
import { type ScratchDatabase, scratchDatabase } from '@plaza/kernel/scratch-database'
import type { Role } from '@plaza/kernel/security'
import { type Host, host, type ServiceDefinition, seededRandom } from '@plaza/kernel/service'
import { makeLogger, makeMetrics } from '@plaza/kernel/telemetry'

/** Services as they really run, in this process, on a database of their own. */
export interface BootedServices extends AsyncDisposable {
  readonly host: Host
  readonly scratch: ScratchDatabase
  /** Calls as a service does; what it calls may be `internal`. */
  readonly call: Call
}

export interface BootServicesOptions {
  /** What the network does to local calls (default: late, repeated, in JSON; false: nothing, for measuring). */
  readonly faults?: { readonly seed: number } | false
  readonly env?: Readonly<Record<string, string>>
  /** Another instance on the database of this one; end it before that one. */
  readonly beside?: BootedServices
  /** Shows no warnings: for tests that break things on purpose. */
  readonly quiet?: boolean
}

/**
 * Starts services on a scratch database, with a network's faults injected into their calls.
 * @example
 * await using plaza = await bootServices([authService, usersService])
 * const profile = await plaza.call(users).get({ id }, asking())
 */
export async function bootServices(
  services: readonly ServiceDefinition[],
  options: BootServicesOptions = {},
): Promise<BootedServices> {
  await using undo = new AsyncDisposableStack()
  const scratch = options.beside?.scratch ?? undo.use(await scratchDatabase())
  const config = toConfig({
    PLAZA_SECRET: 'a secret for tests only, 32 letters',
    PLAZA_BCRYPT_COST: '10',
    ...options.env,
  })
  const databaseUrls = await scratch.migrate(
    services.map(each => ({ name: each.contract.name, migrations: each.migrations })),
  )
  const seed = options.faults ? options.faults.seed : Math.floor(Math.random() * 2 ** 31)
  const booted = await host({
    services,
    databaseUrls,
    config,
    log: makeLogger({ level: options.quiet ? 'fatal' : 'warn', pretty: false }),
    metrics: makeMetrics(),
    ...(options.faults !== false && { faults: { random: seededRandom(seed), maxDelay: 2, repeats: 0.2 } }),
  })
  undo.defer(() => booted.stop())
  await booted.start()
  const parts = undo.move()
  return { host: booted, scratch, call: booted.call, [Symbol.asyncDispose]: () => parts.disposeAsync() }
}

/** The context of a request by nobody, or by a person as their token would say. */
export function asking(userId?: UserId, roles: readonly Role[] = ['user']): Context {
  const identity = userId && { userId, sessionId: newId('session', randomShard()), roles }
  return newContext({ requestId: 'test', deadline: Date.now() + 20_000, identity })
}
