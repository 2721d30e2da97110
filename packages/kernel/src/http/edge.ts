import type { Dispatcher, Identity } from '../call/index.ts'
import type { Config } from '../config/index.ts'
import type { Contract } from '../contract/index.ts'
import { isTracingOn, type Logger, type Metrics } from '../telemetry/index.ts'
import { errorCodesOf } from './error-codes.ts'
import { FailureLog } from './failure-log.ts'
import { Problems } from './problem.ts'
import { RateLimit } from './rate-limit.ts'
import { RequestCounts } from './request-counts.ts'

/** Who sends a token: `TokenVerifier` of the security part is one. A promise only where something has to be fetched first. */
export interface Verifier {
  /** Throws `unauthenticated`. */
  verify(token: string): Identity | Promise<Identity>
  /** The same person with the roles they have now, asked of the owner. */
  confirm(identity: Identity): Promise<Identity>
  /** This person's account is being erased, as an answer has just said; nobody else's news is awaited. */
  beginErasure(identity: Identity): void
}

/** What all requests share. */
export interface Edge {
  readonly dispatcher: Dispatcher
  readonly verifier: Verifier
  readonly limit: RateLimit
  readonly problems: Problems
  readonly counts: RequestCounts
  readonly failures: FailureLog
  readonly log: Logger
  /** Whether each answer is logged: at level debug. */
  readonly logsRequests: boolean
  /** Whether requests are traced: when an OpenTelemetry SDK was there at the start. */
  readonly traces: boolean
  /** Names and values, in turn, that make browsers careful with an answer. */
  readonly securityHeaders: readonly string[]
  /** Whether a plugin (CORS) may have put headers on the reply. */
  readonly hasReplyHeaders: boolean
  /** Set when no more requests are wanted on open connections. */
  draining: boolean
}

export interface EdgeOptions {
  readonly contracts: readonly Contract[]
  readonly dispatcher: Dispatcher
  readonly verifier: Verifier
  readonly config: Config
  readonly log: Logger
  readonly metrics: Metrics
}

export function makeEdge({ contracts, dispatcher, verifier, config, log, metrics }: EdgeOptions): Edge {
  const limit = new RateLimit({ quota: config.rateLimit, window: 60_000 })
  metrics.gauge('plaza_http_limited_keys', 'People and addresses whose requests are counted', [], gauge =>
    gauge.set(limit.keys),
  )
  return {
    dispatcher,
    verifier,
    limit,
    problems: new Problems(errorCodesOf(contracts), `${config.publicUrl ?? ''}/docs/errors`),
    counts: new RequestCounts(metrics),
    failures: new FailureLog(log),
    log,
    logsRequests: log.isLevelEnabled('debug'),
    traces: isTracingOn(),
    securityHeaders: securityHeaders(config),
    hasReplyHeaders: config.corsOrigins.length > 0,
    draining: false,
  }
}

/** What helmet sends for an API whose answers are never shown as a page; as constants it costs a fortieth. */
function securityHeaders({ publicUrl, corsOrigins }: Config): string[] {
  const headers = [
    'X-Content-Type-Options',
    'nosniff',
    'Content-Security-Policy',
    "default-src 'none'; frame-ancestors 'none'",
    'Referrer-Policy',
    'no-referrer',
    'Cross-Origin-Resource-Policy',
    corsOrigins.length > 0 ? 'cross-origin' : 'same-origin',
  ]
  if (publicUrl?.startsWith('https:')) headers.push('Strict-Transport-Security', 'max-age=31536000')
  return headers
}
