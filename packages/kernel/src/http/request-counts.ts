import { Counter } from 'prom-client'
import type { Metrics } from '../telemetry/index.ts'

/** Counts answers by route and status with two look-ups; turned into Prometheus' terms only when somebody reads them. */
export class RequestCounts {
  readonly #routes = new Map<string, Map<number, number>>()

  constructor(metrics: Metrics) {
    const routes = this.#routes
    new Counter({
      name: 'plaza_http_requests_total',
      help: 'Answers by route and status',
      labelNames: ['method', 'route', 'status'],
      registers: [metrics.registry],
      collect() {
        this.reset()
        for (const [key, statuses] of routes) {
          const [method = '', route = ''] = key.split(' ')
          for (const [status, count] of statuses) this.inc({ method, route, status }, count)
        }
      },
    })
  }

  /** `route` is `METHOD /path/:param`: never the path itself, which strangers choose. */
  count(route: string, status: number): void {
    let statuses = this.#routes.get(route)
    if (statuses === undefined) {
      statuses = new Map()
      this.#routes.set(route, statuses)
    }
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
  }
}
