import type { Counter, Histogram } from 'prom-client'
import type { Metrics } from '../telemetry/index.ts'
import type { AddressBook } from './address-book.ts'

/** What is counted of calls to other processes. Counted in plain numbers, and put into Prometheus' terms when somebody reads them. */
export class RpcMetrics {
  readonly #outcomes = new Map<string, Map<string, number>>()
  readonly #sizes: Histogram
  readonly #repeats: Counter<'service' | 'reason'>

  constructor(metrics: Metrics, books: ReadonlyMap<string, AddressBook>) {
    this.#sizes = metrics.histogram(
      'plaza_rpc_list_calls',
      'Calls that travelled together',
      [],
      [1, 2, 5, 10, 20, 50, 100, 200],
    )
    this.#repeats = metrics.counter(
      'plaza_rpc_repeats_total',
      'Calls made again: unsent, nothing had begun; lost, it may have happened',
      ['service', 'reason'],
    )
    metrics.gauge(
      'plaza_rpc_calls',
      'Calls to other processes, by outcome',
      ['service', 'outcome'],
      gauge => {
        for (const [service, outcomes] of this.#outcomes) {
          for (const [outcome, count] of outcomes) gauge.labels(service, outcome).set(count)
        }
      },
    )
    metrics.gauge('plaza_rpc_in_flight', 'Calls under way by address', ['service', 'address'], gauge => {
      gauge.reset()
      for (const [service, book] of books) {
        for (const { url, inFlight } of book.all) gauge.labels(service, url).set(inFlight)
      }
    })
  }

  sending(calls: number): void {
    this.#sizes.observe(calls)
  }

  repeated(service: string, reason: 'lost' | 'unsent', calls: number): void {
    this.#repeats.labels(service, reason).inc(calls)
  }

  ended(service: string, outcome: string): void {
    let outcomes = this.#outcomes.get(service)
    if (outcomes === undefined) {
      outcomes = new Map()
      this.#outcomes.set(service, outcomes)
    }
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }
}
