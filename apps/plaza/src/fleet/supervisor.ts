import { type Config, gatewayName, urlVariable } from '@plaza/kernel/config'
import type { Logger } from '@plaza/kernel/telemetry'
import { showAdmin } from '../banner.ts'
import { FleetChild } from './fleet-child.ts'
import type { MergedLog } from './merged-log.ts'
import { hostsGateway, isCalled, type PlannedProcess } from './plan.ts'
import type { Ports } from './ports.ts'
import { removeFleetState, writeFleetState } from './state-file.ts'

export interface SupervisorOptions {
  readonly config: Config & { readonly secret: string }
  /** What every process gets; addresses, services and ports are added. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly processes: ReadonlyMap<PlannedProcess, Ports>
  readonly merged: MergedLog
  readonly log: Logger
}

/** The processes of a fleet, each started again when it ends by itself. */
export class Supervisor {
  readonly children: readonly FleetChild[]
  readonly #config: Config
  readonly #log: Logger
  readonly #allReady = Promise.withResolvers<void>()
  /** By process: a second start of one must not count twice. */
  readonly #ready = new Set<PlannedProcess>()
  #writing = Promise.resolve()
  #stopping = false

  constructor(options: SupervisorOptions) {
    const { config, processes, log } = options
    this.#config = config
    this.#log = log
    const shared = sharedEnvironment(options)
    this.children = [...processes].map(
      ([planned, ports]) =>
        new FleetChild({
          planned,
          ports,
          env: { ...shared, ...ownEnvironment(planned, ports) },
          log: options.merged,
          tell: line => log.warn(line),
          changed: () => this.#keepState(),
          ready: () => this.#hear(planned),
          madeAdmin: showAdmin,
          hopeless: () => this.#giveUp(planned),
        }),
    )
    this.#keepState()
  }

  /** Resolves when every process has been ready once. Rejects when one of them cannot be started. */
  get ready(): Promise<void> {
    return this.#allReady.promise
  }

  /** Gateways first, so that what they accepted still finds the services; then those. */
  async stop(): Promise<void> {
    this.#stopping = true
    // Each part of draining has the configured time; a process that takes longer than all of them hangs.
    const patience = this.#config.drainTimeout * 3_000 + 5_000
    const [edges, rest] = [
      this.children.filter(each => hostsGateway(each.planned)),
      this.children.filter(each => !hostsGateway(each.planned)),
    ]
    for (const group of [edges, rest]) await Promise.all(group.map(each => each.stop(patience)))
    await this.#writing
    await removeFleetState(this.#config.dataFolder, process.pid)
  }

  /** Whoever does not want to wait. */
  hurry(): void {
    for (const each of this.children) each.kill()
  }

  urlOf({ planned, ports }: FleetChild): { readonly rpc: string | null; readonly http: string | null } {
    return {
      rpc: ports.rpc === undefined ? null : rpcUrl(this.#config, ports.rpc),
      http: hostsGateway(planned) ? `http://${reachable(this.#config.host)}:${ports.http}` : null,
    }
  }

  #hear(planned: PlannedProcess): void {
    if (this.#ready.has(planned)) this.#log.info(`${planned.name} runs again`)
    this.#ready.add(planned)
    if (this.#ready.size === this.children.length) this.#allReady.resolve()
  }

  #giveUp({ name }: PlannedProcess): void {
    this.#allReady.reject(new Error(`The fleet cannot start: ${name} does not.`))
  }

  // One after the other, and only the newest of those that wait: what is written last is what is true last.
  #keepState(): void {
    if (this.children === undefined) return
    this.#writing = this.#writing.then(() => {
      if (this.#stopping) return
      const processes = this.children.map(child => ({
        name: child.planned.name,
        services: child.planned.services,
        pid: child.pid ?? null,
        ...this.urlOf(child),
      }))
      return writeFleetState(this.#config.dataFolder, { supervisor: process.pid, processes }).catch(error =>
        this.#log.warn(
          { err: error },
          'What runs where cannot be written down: plaza doctor will not find it',
        ),
      )
    })
  }
}

function sharedEnvironment({
  config,
  env,
  processes,
}: SupervisorOptions): Record<string, string | undefined> {
  const addresses = new Map<string, string[]>()
  for (const [planned, { rpc }] of processes) {
    if (!isCalled(planned) || rpc === undefined) continue
    for (const name of planned.services.filter(each => each !== gatewayName))
      addresses.set(name, [...(addresses.get(name) ?? []), rpcUrl(config, rpc)])
  }
  const own = [...addresses]
    .filter(([name]) => config.topology.hosted.includes(name))
    .map(([name, urls]) => [urlVariable(name), urls.join(',')])
  return { ...env, PLAZA_SECRET: config.secret, ...Object.fromEntries(own) }
}

function ownEnvironment(planned: PlannedProcess, ports: Ports): Record<string, string> {
  return {
    PLAZA_SERVICES: planned.services.join(','),
    // Empty where nobody calls: what the supervisor itself was given is not for each of them.
    RPC_PORT: String(ports.rpc ?? ''),
    ...(ports.http !== undefined && { PORT: String(ports.http) }),
  }
}

const rpcUrl = ({ rpcHost }: Config, port: number) => `http://${reachable(rpcHost)}:${port}`

/** An address to call where a server listens on all of them. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}
