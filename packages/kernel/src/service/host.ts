import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { memoryCache } from '../cache/index.ts'
import { type Call, type Dispatcher, deriveContext, makeCall, type RemoteCalls } from '../call/index.ts'
import type { Config } from '../config/index.ts'
import type { Contract } from '../contract/index.ts'
import { openDatabase } from '../data/index.ts'
import { type BroadcastSubscription, type RunningSubscription, runSubscription } from '../events/index.ts'
import type { Logger, Metrics } from '../telemetry/index.ts'
import { checkContracts, checkHandlers } from './check-contracts.ts'
import { type Faults, withFaults } from './faults.ts'
import { HostedService } from './hosted-service.ts'
import { type InstanceFacts, instanceHandler } from './instance.ts'
import { kernelOf } from './kernel-operations.ts'
import { LocalDispatcher } from './local-dispatcher.ts'
import type { NotReady } from './readiness.ts'
import type { Handlers, ServiceDefinition } from './service.ts'

export interface HostOptions {
  readonly services: readonly ServiceDefinition[]
  /** Where each service's database is, with its own role: what `migrate` returns. */
  readonly databaseUrls: ReadonlyMap<string, string>
  readonly config: Config
  readonly log: Logger
  readonly metrics: Metrics
  /** Tests: treats local calls as a network would. */
  readonly faults?: Faults
  /** Where calls to services that are not hosted here go; left out: everything is here. */
  readonly remote?: RemoteCalls
  /** All contracts known here (default: those of the hosted services). */
  readonly contracts?: readonly Contract[]
  /** Told by `$instance` (default: 0.0.0, and `host:pid`). */
  readonly version?: string
  readonly instance?: string
}

/** The services of one process: start → ready → drain → stop. */
export interface Host {
  /** All that are known, hosted here or not. */
  readonly contracts: readonly Contract[]
  /** Names of the services in this process. */
  readonly hosted: readonly string[]
  /** Takes the edge's calls to where their service is. */
  readonly dispatcher: Dispatcher
  /** Only what is hosted here: what `/rpc` serves. */
  readonly local: Dispatcher
  /** Calls as a service does. */
  readonly call: Call
  /** Adds an edge's own operations and broadcast subscriptions: an edge owns no tables. */
  addEdge<C extends Contract>(edge: Edge<C>): void
  /** Runs the services' own start-up, then subscriptions and jobs; resolves when all are ready. */
  start(): Promise<void>
  /** What is not ready; empty: ready. Asks each database. */
  notReady(): Promise<readonly NotReady[]>
  /** How far each subscription is behind its producer's log. */
  lags(): readonly SubscriptionLag[]
  /** Begins nothing new: ends subscriptions and jobs, and answers those who wait for events. Calls are still taken. */
  drain(): Promise<void>
  /** Drains, waits for running calls (bounded by the configuration), closes. */
  stop(): Promise<void>
}

export interface Edge<C extends Contract> {
  readonly contract: C
  readonly handlers: Handlers<C>
  readonly subscriptions: readonly BroadcastSubscription[]
}

export interface SubscriptionLag {
  /** `timelines.inboxes`. */
  readonly subscription: string
  readonly events: number
  readonly seconds: number
}

/** Wires the services and makes them callable for each other; `start` sets them to work. Throws when a contract or handler is wrong. */
export async function host(options: HostOptions): Promise<Host> {
  const { config, log, metrics } = options
  const contracts: Contract[] = [...(options.contracts ?? options.services.map(each => each.contract))]
  checkContracts(contracts)
  const facts = factsOf(options)
  const local = new LocalDispatcher(metrics)
  const near = options.faults === undefined ? local : withFaults(local, contracts, options.faults)
  const dispatcher = options.remote === undefined ? near : nearOrFar(local, near, options.remote)
  const call = makeCall(asService(dispatcher))
  const cache = memoryCache(metrics)
  const edges: { name: string; subscription: BroadcastSubscription }[] = []
  let running: readonly RunningSubscription[] = []

  const services = await allOrNone(
    options.services.map(definition => {
      const { name } = definition.contract
      const serviceLog = log.child({ 'service.name': name })
      const db = openDatabase({
        url: urlOf(options, name),
        schema: name,
        connections: config.databaseConnections,
        ...(config.secret !== undefined && { secret: config.secret }),
        onError: error => serviceLog.warn({ err: error }, 'A database connection was lost'),
      })
      return HostedService.wire(definition, { db, call, cache, config, log: serviceLog, metrics }, facts)
    }),
  )
  for (const each of services) local.add(each.name, each.targets)
  measurePools(services, metrics)
  let drained: Promise<unknown> | undefined
  const drain = async () => {
    drained ??= Promise.all([...running.map(each => each.stop()), ...services.map(each => each.drain())])
    await drained
  }

  return {
    contracts,
    hosted: options.services.map(each => each.contract.name),
    dispatcher,
    local,
    call,
    addEdge: edge => {
      const { name, operations } = edge.contract
      if (!contracts.includes(edge.contract)) contracts.push(edge.contract)
      checkContracts(contracts)
      checkHandlers(edge.contract, edge.handlers)
      const $instance = instanceHandler(edge.contract, facts, 0, async () => behind(running))
      const handlers: Readonly<Record<string, unknown>> = { ...edge.handlers, $instance }
      const all = { ...operations, $instance: kernelOf(edge.contract).operations.$instance }
      const targets = Object.entries(all).map(([key, operation]) => {
        return [key, { operation, handler: handlers[key] as never, db: undefined }] as const
      })
      local.add(name, Object.fromEntries(targets))
      edges.push(...edge.subscriptions.map(subscription => ({ name, subscription })))
    },
    start: async () => {
      await Promise.all(services.map(each => each.start()))
      running = edges.map(({ name, subscription }) =>
        runSubscription(subscription, { service: name, db: undefined, call, log, metrics }),
      )
      await Promise.all([...services.map(each => each.ready()), ...running.map(each => each.caughtUp())])
    },
    notReady: async () => {
      const parts = await Promise.all(services.map(each => each.notReady()))
      return [...parts.flat(), ...behind(running)]
    },
    lags: () => [
      ...services.flatMap(each => each.lags()),
      ...running.map(each => ({ subscription: `gateway.${each.name}`, ...each.lag() })),
    ],
    drain: () => drain(),
    stop: async () => {
      await drain()
      await untilIdle(local, config.drainTimeout * 1000, log)
      await Promise.all(services.map(each => each.stop()))
    },
  }
}

/** When one cannot be wired, the others are ended: nothing may keep the process alive that failed to start. */
async function allOrNone(wiring: readonly Promise<HostedService>[]): Promise<HostedService[]> {
  const results = await Promise.allSettled(wiring)
  const wired = results.flatMap(each => (each.status === 'fulfilled' ? [each.value] : []))
  const failed = results.find(each => each.status === 'rejected')
  if (failed === undefined) return wired
  await Promise.allSettled(wired.map(each => each.drain().then(() => each.stop())))
  throw failed.reason
}

function factsOf({ version, instance }: HostOptions): InstanceFacts {
  return {
    version: version ?? '0.0.0',
    instance: instance ?? `${hostname()}:${process.pid}`,
    startedAt: new Date().toISOString(),
  }
}

function nearOrFar(local: LocalDispatcher, near: Dispatcher, far: Dispatcher): Dispatcher {
  return {
    invoke: (service, operation, input, context) =>
      (local.hosts(service) ? near : far).invoke(service, operation, input, context),
  }
}

function behind(running: readonly RunningSubscription[]): NotReady[] {
  return running
    .filter(each => !each.isCaughtUp())
    .map(each => ({ part: each.name, reason: 'behind its log' }))
}

// What a service asks, it asks as a service, in the name of the person who asked it.
function asService(dispatcher: Dispatcher): Dispatcher {
  return {
    invoke: (service, operation, input, context) =>
      dispatcher.invoke(service, operation, input, deriveContext(context, { caller: 'service' })),
  }
}

function measurePools(services: readonly HostedService[], metrics: Metrics): void {
  metrics.gauge(
    'plaza_pool',
    'Database connections by service: open, idle, and calls that wait for one',
    ['service', 'what'],
    gauge => {
      for (const { name, pool } of services) {
        gauge.labels(name, 'open').set(pool.total)
        gauge.labels(name, 'idle').set(pool.idle)
        gauge.labels(name, 'waiting').set(pool.waiting)
      }
    },
  )
}

async function untilIdle(local: LocalDispatcher, bound: number, log: Logger): Promise<void> {
  const end = Date.now() + bound
  while (local.running > 0 && Date.now() < end) await sleep(10)
  if (local.running > 0) log.warn(`${local.running} calls had not ended after ${bound / 1000} s`)
}

function urlOf(options: HostOptions, service: string): string {
  const url = options.databaseUrls.get(service)
  if (url === undefined) throw new Error(`No database was given for the service ${service}`)
  return url
}
