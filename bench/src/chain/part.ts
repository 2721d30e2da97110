import { gatewayName, toConfig } from '@plaza/kernel/config'
import type { Contract } from '@plaza/kernel/contract'
import { remoteCalls, rpcServer } from '@plaza/kernel/rpc'
import { type Edge, type Host, host } from '@plaza/kernel/service'
import { makeLogger, makeMetrics, startTracing } from '@plaza/kernel/telemetry'
import { type CallerFigures, callInLoops } from './callers.ts'
import { prices, till } from './contracts.ts'

/** What a process of the chain hosts, and where the rest is. */
export interface PartOptions {
  readonly hosted: readonly (typeof gatewayName | 'till' | 'prices')[]
  readonly urls: Readonly<Record<string, string>>
  readonly secret: string
  /** Where spans go and which share of the traces; without it nothing is traced. */
  readonly tracing: { readonly collector: string; readonly share: number } | undefined
}

/** What a process of the chain is asked: to start, to call (the gateway), or what it sent so far. */
export type Asked =
  | { readonly start: PartOptions }
  | { readonly callers: number; readonly seconds: number }
  | { readonly sent: true }
/** What it answers: where it listens, what was measured, or what it sent. */
export type Answered = { readonly url: string | undefined } | CallerFigures | Sent

/** Calls to other processes so far, and the lists they travelled in. */
export interface Sent {
  readonly calls: number
  readonly lists: number
}

let part: Host | undefined
const metrics = makeMetrics()

process.on('message', (asked: Asked) => {
  void answerTo(asked).then(answer => process.send!(answer satisfies Answered))
})
process.on('disconnect', () => process.exit())

function answerTo(asked: Asked): Promise<Answered> {
  if ('start' in asked) return start(asked.start)
  return 'sent' in asked ? sent() : callInLoops(part!.dispatcher, asked)
}

async function start({ hosted, urls, secret, tracing }: PartOptions): Promise<Answered> {
  const log = makeLogger({ level: 'warn', pretty: false })
  // As Plaza does: before anything is wired.
  if (tracing !== undefined) await startTracing(tracingEnvironment(tracing), log)
  const contracts: Contract[] = [prices, till]
  const name = `${hosted.join('+')}@bench:${process.pid}`
  const addresses = new Map(Object.entries(urls).map(([service, url]) => [service, [url]]))
  const remote = remoteCalls({ contracts, addresses, secret, name, log, metrics })
  const config = toConfig({})
  const here = await host({ services: [], databaseUrls: new Map(), config, log, metrics, contracts, remote })
  part = here
  if (hosted.includes('prices')) here.addEdge(pricesPart)
  if (hosted.includes('till')) here.addEdge(tillPart(here))
  if (hosted.includes(gatewayName)) return { url: undefined }
  const listen = { host: '127.0.0.1', port: 0 }
  const server = rpcServer({ host: here, services: hosted, secret, listen, log, metrics })
  return { url: await server.listen() }
}

async function sent(): Promise<Sent> {
  const text = await metrics.registry.getSingleMetricAsString('plaza_rpc_list_calls')
  const total = (name: string) =>
    Number(new RegExp(`^plaza_rpc_list_calls_${name} (\\S+)`, 'm').exec(text)?.[1])
  return { calls: total('sum'), lists: total('count') }
}

// Services that own no tables are hosted as edges are: the same dispatcher, guards and deadlines, and no database.
const pricesPart: Edge<typeof prices> = {
  contract: prices,
  handlers: {
    priceOf: async ({ product }) => ({ product, price: 100 + product.length, currency: 'EUR' }),
  },
  subscriptions: [],
}

const tillPart = ({ call }: Host): Edge<typeof till> => ({
  contract: till,
  handlers: {
    quote: async ({ product, count, note }, context) => {
      const { price, currency } = await call(prices).priceOf({ product }, context)
      return { product, count, price, total: price * count, currency, note }
    },
  },
  subscriptions: [],
})

const tracingEnvironment = ({ collector, share }: NonNullable<PartOptions['tracing']>) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: collector,
  OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
  OTEL_TRACES_SAMPLER_ARG: String(share),
})
