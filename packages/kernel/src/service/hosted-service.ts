import type { Contract, Operation } from '../contract/index.ts'
import type { Db } from '../data/index.ts'
import {
  deadLetterHandlers,
  type EventLog,
  eventChecks,
  type RunningSubscription,
  runSubscription,
  startEventLog,
} from '../events/index.ts'
import { type JobRunner, jobChecks, startJobs } from '../jobs/index.ts'
import { checkHandlers } from './check-contracts.ts'
import { answerChecks } from './checks.ts'
import { type InstanceFacts, instanceHandler } from './instance.ts'
import { kernelOf } from './kernel-operations.ts'
import type { Target } from './local-dispatcher.ts'
import { personalDataHandlers } from './personal-data.ts'
import type { NotReady } from './readiness.ts'
import type { Handler, Kit, ServiceDefinition, Wiring } from './service.ts'

/** One service in this process, with its log, its jobs and its subscriptions. */
export class HostedService {
  readonly name: string
  readonly targets: Readonly<Record<string, Target>>
  readonly #kit: Kit
  readonly #wiring: Wiring<Contract>
  readonly #events: EventLog
  readonly #jobs: JobRunner
  #subscriptions: readonly RunningSubscription[] = []

  /** Checks the log's identity before anything can write to it, and makes the service callable. */
  static async wire(
    definition: ServiceDefinition,
    parts: Omit<Kit, 'jobs'>,
    facts: InstanceFacts,
  ): Promise<HostedService> {
    const { contract } = definition
    const part = { service: contract.name, db: parts.db, log: parts.log, metrics: parts.metrics }
    const events = await startEventLog(part)
    const jobs = startJobs(part)
    const kit: Kit = { ...parts, jobs: jobs.jobs }
    try {
      const wiring = await definition.wire(kit)
      checkHandlers(contract, wiring.handlers)
      return new HostedService(contract, kit, wiring, events, jobs, facts)
    } catch (error) {
      events.drain()
      await events.stop()
      await parts.db.close()
      throw error
    }
  }

  private constructor(
    contract: Contract,
    kit: Kit,
    wiring: Wiring<Contract>,
    events: EventLog,
    jobs: JobRunner,
    facts: InstanceFacts,
  ) {
    this.name = contract.name
    this.#kit = kit
    this.#wiring = wiring
    this.#events = events
    this.#jobs = jobs
    const { db, log, metrics } = kit
    const letters = deadLetterHandlers({ service: this.name, db, log, metrics }, wiring.subscriptions ?? [])
    const connections = kit.config.databaseConnections
    const $instance = instanceHandler(contract, facts, connections, () => this.notReady())
    const kernelHandlers = {
      ...events.handlers,
      ...letters,
      ...jobs.handlers,
      ...personalDataHandlers(wiring.personal, db),
      ...answerChecks({
        ...eventChecks(kit, wiring.subscriptions ?? []),
        ...jobChecks(db),
        ...wiring.checks,
      }),
      $instance,
    }
    this.targets = {
      ...targetsOf(contract, wiring.handlers, db),
      ...targetsOf(kernelOf(contract), kernelHandlers, db),
    }
  }

  /** The service's own start-up, then its subscriptions and jobs. Everybody it calls is callable by now. */
  async start(): Promise<void> {
    await this.#wiring.start?.()
    const part = { ...this.#kit, service: this.name }
    this.#subscriptions = (this.#wiring.subscriptions ?? []).map(each => runSubscription(each, part))
    await this.#jobs.start(this.#wiring.jobs ?? {})
  }

  /** Resolves when every broadcast subscription has been level with its log. */
  async ready(): Promise<void> {
    await Promise.all(this.#subscriptions.map(each => each.caughtUp()))
  }

  async notReady(): Promise<NotReady[]> {
    const reasons = this.#subscriptions
      .filter(each => !each.isCaughtUp())
      .map(each => ({ part: `${this.name}: subscription ${each.name}`, reason: 'behind its log' }))
    if (this.#wiring.ready?.() === false) reasons.push({ part: this.name, reason: 'not ready' })
    const database = await this.#kit.db.ping().then(
      () => [],
      () => [{ part: `${this.name}: database`, reason: 'does not answer' }],
    )
    return [...reasons, ...database]
  }

  get pool() {
    return this.#kit.db.pool
  }

  /** How far each subscription is behind its producer's log. */
  lags() {
    return this.#subscriptions.map(each => ({ subscription: `${this.name}.${each.name}`, ...each.lag() }))
  }

  /** Begins nothing new: subscriptions and jobs end after what they are doing. */
  async drain(): Promise<void> {
    this.#events.drain()
    await Promise.all([...this.#subscriptions.map(each => each.stop()), this.#jobs.stop()])
  }

  /** After the last call has ended. */
  async stop(): Promise<void> {
    await this.#wiring.stop?.()
    await this.#events.stop()
    await this.#kit.db.close()
  }
}

function targetsOf(
  contract: Contract,
  handlers: Readonly<Record<string, unknown>>,
  db: Db,
): Readonly<Record<string, Target>> {
  const targets = Object.entries(contract.operations).map(([name, operation]: [string, Operation]) => {
    const handler = handlers[name] as Handler<never, unknown>
    return [name, { operation, handler, db }] as const
  })
  return Object.fromEntries(targets)
}
