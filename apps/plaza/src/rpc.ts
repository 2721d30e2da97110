import { hash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { type Config, gatewayName } from '@plaza/kernel/config'
import { type Page, rpcServer } from '@plaza/kernel/rpc'
import type { Host } from '@plaza/kernel/service'
import type { Logger, Metrics } from '@plaza/kernel/telemetry'
import { cannotListen } from './cannot-listen.ts'
import type { SecretConfig } from './read-config.ts'
import { allContracts } from './services.ts'

const standardPort = 8081

/** The server for other processes, listening. It answers calls from the first moment: they let others start. */
export interface Rpc {
  readonly url: string
  /** `/health/ready` says so from now on. */
  isReady(): void
  /** It says not ready; calls are still taken. */
  isStopping(): void
  /** Takes no new calls, finishes what runs (bounded by the configuration), closes. */
  close(): Promise<void>
}

export interface RpcOptions {
  readonly host: Host
  readonly config: SecretConfig
  readonly log: Logger
  readonly metrics: Metrics
}

/** Opens `/rpc`, with `/health/live`, `/health/ready` and `/metrics` beside it. */
export async function openRpc({ host, config, log, metrics }: RpcOptions): Promise<Rpc> {
  let state: 'starting' | 'ready' | 'stopping' = 'starting'
  const port = config.rpcPort ?? standardPort
  const server = rpcServer({
    host,
    services: host.hosted,
    secret: config.secret,
    listen: { host: config.rpcHost, port },
    pages: {
      '/health/live': () => json(200, { status: 'live' }),
      '/health/ready': async () => {
        const own = state === 'ready' ? [] : [{ part: 'process', reason: state }]
        const notReady = [...own, ...(await host.notReady())]
        const isReady = notReady.length === 0
        return json(isReady ? 200 : 503, { status: isReady ? 'ready' : 'not ready', notReady })
      },
      '/metrics': metricsPage(metrics, config.metricsToken),
    },
    log,
    metrics,
  })
  const url = await server.listen().catch(error => {
    throw cannotListen(error, config.rpcHost, port, ['RPC_HOST', 'RPC_PORT'])
  })
  return {
    url,
    isReady: () => {
      state = 'ready'
    },
    isStopping: () => {
      state = 'stopping'
    },
    close: () => server.close(config.drainTimeout * 1000),
  }
}

/** For the bearer of `PLAZA_METRICS_TOKEN`; as long as that is not set, for this machine. */
function metricsPage({ registry }: Metrics, token: string | undefined): Page {
  return async request => {
    if (!mayRead(request, token))
      return json(401, { message: 'Metrics need PLAZA_METRICS_TOKEN as bearer, or this machine.' })
    return { status: 200, type: registry.contentType, body: await registry.metrics() }
  }
}

function mayRead({ headers, socket }: IncomingMessage, token: string | undefined): boolean {
  if (token === undefined) return /^(::ffff:)?127\.|^::1$/.test(socket.remoteAddress ?? '')
  const given = hash('sha256', headers.authorization ?? '', 'buffer')
  return timingSafeEqual(given, hash('sha256', `Bearer ${token}`, 'buffer'))
}

const json = (status: number, body: object) => ({
  status,
  type: 'application/json',
  body: JSON.stringify(body),
})

/** Whether every service is in this process: nothing is called elsewhere. */
export function isWhole({ topology }: Config): boolean {
  return allContracts.every(({ name }) => topology.hosted.includes(name))
}

/** Whether other processes call this one: a gateway by itself, and a Plaza that is whole, need no port for that. */
export function isCalledByOthers(config: Config): boolean {
  const { hosted } = config.topology
  if (config.rpcPort !== undefined) return true
  return hosted.some(name => name !== gatewayName) && !(isWhole(config) && hosted.includes(gatewayName))
}
