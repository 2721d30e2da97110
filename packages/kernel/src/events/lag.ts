import type { Metrics } from '../telemetry/index.ts'
import type { PulledEvent } from './operations.ts'
import type { Pulled } from './pull.ts'

/** How far a subscription is behind its log, for readiness and metrics. */
export class Lag {
  readonly #observe: (seconds: number) => void
  readonly #handled: (count: number) => void
  #level: () => void = () => {}
  #levelAt = Number.NEGATIVE_INFINITY
  #behind = 0
  readonly #startedAt = performance.now()
  /** Resolves when it is level with the log for the first time. */
  readonly caughtUp = new Promise<void>(resolve => {
    this.#level = resolve
  })

  constructor(metrics: Metrics, service: string, subscription: string) {
    const labels = ['service', 'subscription'] as const
    const handled = metrics.counter('plaza_events_handled_total', 'Events handled', labels)
    const delay = metrics.histogram(
      'plaza_event_delay_seconds',
      'From an event being written to its effect being committed',
      labels,
    )
    const behind = metrics.gauge('plaza_events_behind', 'Events of the log not yet handled', labels)
    this.#observe = delay.labels(service, subscription).observe.bind(delay.labels(service, subscription))
    const count = handled.labels(service, subscription)
    const gauge = behind.labels(service, subscription)
    this.#handled = n => {
      count.inc(n)
      gauge.set(this.#behind)
    }
  }

  /** These events, the last of what was pulled, have had their effect. */
  handled(pulled: Pulled, now = Date.now()): void {
    const { events } = pulled
    for (const event of events) this.#observe(Math.max(0, now - event.at) / 1000)
    this.#behind = pulled.behind
    this.#handled(events.length)
    if (isLevel(pulled, events.at(-1), now)) {
      this.#levelAt = performance.now()
      this.#level()
    }
  }

  /** Other instances handle everything: this one is not behind. */
  leftToOthers(): void {
    this.#behind = 0
    this.#handled(0)
    this.#levelAt = performance.now()
    this.#level()
  }

  /** What was derived is void: it is as if it had never been level. */
  lost(): void {
    this.#levelAt = Number.NEGATIVE_INFINITY
  }

  wasLevelWithin(ms: number): boolean {
    return performance.now() - this.#levelAt <= ms
  }

  get now() {
    const since = Math.max(this.#levelAt, this.#startedAt)
    return { events: this.#behind, seconds: this.#behind === 0 ? 0 : (performance.now() - since) / 1000 }
  }
}

// Under load there is always one more event on its way: who is within a second of now is level.
function isLevel({ behind }: Pulled, last: PulledEvent | undefined, now: number): boolean {
  return behind === 0 || (last !== undefined && now - last.at < 1_000)
}
