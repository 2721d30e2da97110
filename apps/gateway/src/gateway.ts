import type { RemoteCalls } from '@plaza/kernel/call'
import type { Config } from '@plaza/kernel/config'
import { type Edge, makeEdge, makeEdgeServer, openApiOf } from '@plaza/kernel/http'
import type { Host } from '@plaza/kernel/service'
import type { Logger, Metrics } from '@plaza/kernel/telemetry'
import { answerArchive, archivePath } from './archive-page.ts'
import { gateway } from './contract.ts'
import { dropDeadLetter, listDeadLetters, retryDeadLetter } from './dead-letters.ts'
import { docsPages } from './docs-pages.ts'
import { answerLive, Readiness } from './health.ts'
import { makeIdentities } from './identity.ts'
import { getJob } from './jobs.ts'
import { logIn } from './log-in.ts'
import { answerMetrics } from './metrics-page.ts'
import { listServices } from './services.ts'

export interface GatewayOptions {
  /** The services behind it. The gateway adds its own operations and subscriptions, so make it before the host starts. */
  readonly host: Host
  /** Where services are that are not hosted here. */
  readonly remote?: RemoteCalls | undefined
  readonly config: Config
  readonly log: Logger
  readonly metrics: Metrics
  readonly version: string
}

/** The public edge. */
export interface Gateway {
  /** Listens where the configuration says; resolves to the URL. */
  listen(): Promise<string>
  /** Is not ready from now on, takes no new connections, finishes what runs (bounded by the configuration), closes. */
  close(): Promise<void>
}

/** Makes the edge: routes for every operation that has one, documentation, health and metrics. */
export function createGateway({ host, remote, config, log, metrics, version }: GatewayOptions): Gateway {
  const { verifier, subscription } = makeIdentities(host.call, config, metrics)
  host.addEdge({
    contract: gateway,
    handlers: {
      logIn: logIn(host, verifier),
      getJob: getJob(host, gateway.name),
      listServices: listServices(host, remote, gateway.name, version),
      listDeadLetters: listDeadLetters(host, gateway.name),
      retryDeadLetter: retryDeadLetter(host, gateway.name),
      dropDeadLetter: dropDeadLetter(host, gateway.name),
    },
    subscriptions: [subscription],
  })
  const { contracts, dispatcher } = host
  const edge: Edge = makeEdge({ contracts, dispatcher, verifier, config, log, metrics })
  const server = makeEdgeServer(edge, config)
  for (const contract of contracts) server.addContract(contract)

  const readiness = new Readiness(host, remote, gateway.name, () => edge.draining)
  const openApi = openApiOf({ contracts, version, url: config.publicUrl })
  for (const [path, page] of Object.entries(docsPages(contracts, openApi))) server.addPage(path, page)
  server.addPage(archivePath, answerArchive(host))
  server.addPage('/health/live', answerLive)
  server.addPage('/health/ready', readiness.answer)
  server.addPage('/metrics', answerMetrics(metrics, verifier, config.metricsToken))

  return {
    listen: () => server.app.listen({ host: config.host, port: config.port }),
    close: () => server.close(config.drainTimeout * 1000),
  }
}
