import type { Cache } from '../cache/index.ts'
import type { Call, Context } from '../call/index.ts'
import type { Config } from '../config/index.ts'
import type { Contract, InputOf, OutputOf } from '../contract/index.ts'
import type { Db } from '../data/index.ts'
import type { Subscription } from '../events/index.ts'
import type { JobHandlers, Jobs } from '../jobs/index.ts'
import type { Logger, Metrics } from '../telemetry/index.ts'
import type { Check } from './checks.ts'
import type { PersonalData } from './personal-data.ts'

/** What the kernel hands to a service when it starts. */
export interface Kit {
  /** The service's own schema, under its own role. */
  readonly db: Db
  /** Calls other services: `call(users).byIds({ ids }, context)`. */
  readonly call: Call
  readonly jobs: Jobs
  readonly cache: Cache
  readonly config: Config
  readonly log: Logger
  readonly metrics: Metrics
}

export type Handler<I, O> = (input: I, context: Context) => Promise<O> | O

/** One handler for each operation of the contract: start-up refuses a missing one, and the compiler says so before. */
export type Handlers<C extends Contract> = {
  readonly [K in keyof C['operations']]: Handler<InputOf<C['operations'][K]>, OutputOf<C['operations'][K]>>
}

/** What a service is made of, once it is wired. */
export interface Wiring<C extends Contract> {
  readonly handlers: Handlers<C>
  readonly subscriptions?: readonly Subscription[]
  readonly jobs?: JobHandlers
  /** What it holds of a person, and how that goes: every service with tables says it. */
  readonly personal?: PersonalData
  /** Its promises, checked against its data by `plaza verify`; by name. */
  readonly checks?: Readonly<Record<string, Check>>
  /** Runs before the service is ready, with its handlers callable and its subscriptions not yet started. */
  readonly start?: () => Promise<void>
  /** Whether the service can do its work now; asked by `/health/ready` besides database and subscriptions. */
  readonly ready?: () => boolean
  /** Runs after the last call has ended, before the database closes. */
  readonly stop?: () => Promise<void>
}

export interface ServiceDefinition<C extends Contract = Contract> {
  readonly contract: C
  /** The folder of `0001-name.sql` files; undefined when the service owns no tables. */
  readonly migrations: URL | undefined
  wire(kit: Kit): Wiring<C> | Promise<Wiring<C>>
}

/**
 * Declares a service: wiring only, contract → handlers, subscriptions, jobs.
 * @example
 * export const postsService = service(posts, new URL('../migrations/', import.meta.url), kit => ({
 *   handlers: { create: createPost(kit), get: getPost(kit) },
 * }))
 */
export function service<C extends Contract>(
  contract: C,
  migrations: URL | undefined,
  wire: (kit: Kit) => Wiring<C> | Promise<Wiring<C>>,
): ServiceDefinition<C> {
  return { contract, migrations, wire }
}
