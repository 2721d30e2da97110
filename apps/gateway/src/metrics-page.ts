import { hash, timingSafeEqual } from 'node:crypto'
import { forbidden, unauthenticated } from '@plaza/kernel/contract'
import type { Exchange, Verifier } from '@plaza/kernel/http'
import { isPermitted } from '@plaza/kernel/security'
import type { Metrics } from '@plaza/kernel/telemetry'
import type { FastifyRequest } from 'fastify'

/**
 * `/metrics` for Prometheus: for whoever has the permission `ops`, for the bearer of `PLAZA_METRICS_TOKEN`, and, as long as that is not
 * set, for this machine itself, unless a proxy asks in somebody's name.
 */
export function answerMetrics(metrics: Metrics, verifier: Verifier, metricsToken: string | undefined) {
  return async (exchange: Exchange, request: FastifyRequest): Promise<void> => {
    await assertMayRead(exchange, request, verifier, metricsToken)
    const { registry } = metrics
    const headers = ['Content-Type', registry.contentType, 'Cache-Control', 'no-store']
    exchange.write(200, headers, await registry.metrics())
  }
}

async function assertMayRead(
  exchange: Exchange,
  request: FastifyRequest,
  verifier: Verifier,
  metricsToken: string | undefined,
): Promise<void> {
  const { token } = exchange
  if (token === undefined) {
    if (metricsToken === undefined && isThisMachine(request)) return
    throw unauthenticated('Metrics need PLAZA_METRICS_TOKEN, or a token with the permission ops, as bearer.')
  }
  if (metricsToken !== undefined && isSame(token, metricsToken)) return
  const identity = await verifier.verify(token)
  if (!isPermitted(identity.roles, 'ops')) throw forbidden('Metrics need the permission ops.')
}

function isThisMachine({ raw, ip }: FastifyRequest): boolean {
  const isForwarded = 'x-forwarded-for' in raw.headers || 'forwarded' in raw.headers || 'via' in raw.headers
  const peers = [raw.socket.remoteAddress ?? '', ip]
  return !isForwarded && peers.every(each => /^(::ffff:)?127\.|^::1$/.test(each))
}

function isSame(given: string, wanted: string): boolean {
  return timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', wanted, 'buffer'))
}
