import type { Counter } from 'prom-client'
import type { Logger, Metrics } from '../telemetry/index.ts'

/** A reason is told at most once in this time (ms), with how many more there were. */
const tellEvery = 5_000
const maxReasons = 100

/** Tells why requests to `/rpc` were refused; never what they sent. */
export class RefusalLog {
  readonly #log: Logger
  readonly #counter: Counter<'kind'>
  readonly #told = new Map<string, { at: number; untold: number }>()

  constructor(log: Logger, metrics: Metrics) {
    this.#log = log
    this.#counter = metrics.counter('plaza_rpc_refused_total', 'Requests to /rpc that were refused', ['kind'])
  }

  report(kind: 'token' | 'shape', reason: string, from: string | undefined, issuer?: string): void {
    this.#counter.labels(kind).inc()
    const now = performance.now()
    const told = this.#told.get(reason)
    if (told !== undefined && now - told.at < tellEvery) {
      told.untold++
      return
    }
    if (this.#told.size >= maxReasons) this.#told.clear()
    this.#told.set(reason, { at: now, untold: 0 })
    const unlogged = told?.untold ?? 0
    this.#log.warn({ kind, reason, from, issuer, unlogged }, 'A request to /rpc was refused')
  }
}
