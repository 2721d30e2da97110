import { randomUUID } from 'node:crypto'
import { SpanKind } from '@opentelemetry/api'
import {
  type Context,
  Deadlines,
  deriveContext,
  overBeforeItBegan,
  type RemoteCalls,
  timeLeft,
} from '../call/index.ts'
import { type Contract, type Operation, type Operations, unavailable } from '../contract/index.ts'
import { kernelOf } from '../service/index.ts'
import { isTracingOn, type Logger, type Metrics, traced } from '../telemetry/index.ts'
import { AddressBook, type Lookup } from './address-book.ts'
import { Lane } from './lane.ts'
import { RemoteCall } from './remote-call.ts'
import { RpcMetrics } from './rpc-metrics.ts'
import { TokenSigner } from './token.ts'

/** Operations that may take longer than this (ms) have connections of their own: they hold nobody up. */
const slowTimeout = 15_000

export interface RemoteOptions {
  /** Services that may be called; the kernel's own operations are added. */
  readonly contracts: readonly Contract[]
  /** Service → base URLs: `http://posts:8081`. */
  readonly addresses: ReadonlyMap<string, readonly string[]>
  /** `PLAZA_SECRET`. */
  readonly secret: string
  /** Who calls, for tokens and logs: `gateway@host:pid`. */
  readonly name: string
  readonly log: Logger
  readonly metrics: Metrics
  /** The IP addresses of a name (default: the system's resolver). */
  readonly lookup?: Lookup
}

/**
 * Calls services in other processes: `POST /rpc`, a list of calls at a time, answers as they finish (docs/decisions/0050-remote-calls.md).
 * @example
 * const remote = remoteCalls({ contracts: [posts], addresses: new Map([['posts', ['http://posts:8081']]]), secret, name, log, metrics })
 * await makeCall(remote)(posts).get({ id }, context)
 */
export function remoteCalls(options: RemoteOptions): RemoteCalls {
  return new Remote(options)
}

interface Route {
  readonly service: string
  readonly operations: Operations
  readonly book: AddressBook
  readonly quick: Lane
  readonly slow: Lane
}

class Remote implements RemoteCalls {
  readonly #routes = new Map<string, Route>()
  readonly #books = new Map<string, AddressBook>()
  readonly #deadlines = new Deadlines()
  readonly #metrics: RpcMetrics
  readonly #tracing = isTracingOn()
  readonly #pending = new Set<RemoteCall>()
  #lastId = 0
  #isClosed = false

  constructor(options: RemoteOptions) {
    const { contracts, addresses, secret, name, log, metrics, lookup } = options
    const client = randomUUID()
    const signer = new TokenSigner(secret, name)
    this.#metrics = new RpcMetrics(metrics, this.#books)
    for (const contract of contracts) {
      const service = contract.name
      const urls = addresses.get(service)
      if (urls === undefined || urls.length === 0) continue
      const book = new AddressBook({ service, urls, client, signer, lookup, log })
      const operations = { ...contract.operations, ...kernelOf(contract).operations }
      this.#books.set(service, book)
      this.#routes.set(service, this.#routeOf(service, operations, book))
    }
  }

  invoke(service: string, name: string, input: unknown, context: Context): Promise<unknown> {
    return this.#invoke(this.#routes.get(service), service, name, input, context)
  }

  async instancesOf(service: string) {
    const route = this.#routes.get(service)
    if (route === undefined) return []
    await route.book.refresh()
    return route.book.all.map(address => {
      const only = this.#routeOf(service, route.operations, route.book.only(address))
      return {
        url: address.url,
        dispatcher: {
          invoke: (asked: string, name: string, input: unknown, context: Context) =>
            this.#invoke(asked === service ? only : undefined, asked, name, input, context),
        },
      }
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const call of this.#pending) call.giveUp()
    await Promise.all([...this.#books.values()].map(each => each.destroy()))
  }

  /** A call's own end, whatever it was. */
  ended(call: RemoteCall, service: string, outcome: string): void {
    this.#deadlines.remove(call)
    this.#pending.delete(call)
    this.#metrics.ended(service, outcome)
  }

  #routeOf(service: string, operations: Operations, book: AddressBook): Route {
    const lane = (speed: 'quick' | 'slow') => new Lane(service, speed, book, this.#metrics)
    return { service, operations, book, quick: lane('quick'), slow: lane('slow') }
  }

  #invoke(
    route: Route | undefined,
    service: string,
    name: string,
    input: unknown,
    context: Context,
  ): Promise<unknown> {
    const operation = route?.operations[name]
    if (route === undefined || operation === undefined || this.#isClosed) {
      return Promise.reject(unavailable(`No process that is reached from here hosts ${service}.${name}.`))
    }
    if (!this.#tracing) return this.#call(route, name, operation, input, context)
    return traced(`${service}.${name}`, SpanKind.CLIENT, context.traceparent, async traceparent => {
      const inner = deriveContext(context, { traceparent })
      const output = await this.#call(route, name, operation, input, inner)
      Object.assign(context.answer, inner.answer)
      return output
    })
  }

  #call(
    route: Route,
    name: string,
    operation: Operation,
    input: unknown,
    context: Context,
  ): Promise<unknown> {
    if (timeLeft(context) <= 0) return Promise.reject(overBeforeItBegan())
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId
      const call = new RemoteCall(id, route.service, name, operation, input, context, this, resolve, reject)
      this.#pending.add(call)
      this.#deadlines.add(call)
      const lane = operation.timeout > slowTimeout ? route.slow : route.quick
      lane.add(call)
    })
  }
}
