import type { Counter, Histogram } from 'prom-client'
import type { Metrics } from '../telemetry/index.ts'
import type { AddressBook } from './address-book.ts'

/** What is counted of calls to other processes. */
export class RpcMetrics {
  readonly #calls: Counter<'service' | 'outcome'>
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
    this.#calls = metrics.counter(
      'plaza_rpc_calls_total',
      'Calls to other processes by outcome: ok, or the code of the error',
      ['service', 'outcome'],
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
    this.#calls.labels(service, outcome).inc()
  }
}
