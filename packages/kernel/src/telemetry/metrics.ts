import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** Seconds; fine where requests are, coarse where only trouble is. */
const durationBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** The metrics of one process, in Prometheus' terms. */
export interface Metrics {
  readonly registry: Registry
  counter<L extends string>(name: string, help: string, labels: readonly L[]): Counter<L>
  gauge<L extends string>(
    name: string,
    help: string,
    labels: readonly L[],
    collect?: (gauge: Gauge<L>) => void,
  ): Gauge<L>
  histogram<L extends string>(
    name: string,
    help: string,
    labels: readonly L[],
    buckets?: number[],
  ): Histogram<L>
}

/** Makes the registry with Node's own metrics (event loop, heap, garbage collection). Asking twice for a metric gives the same one. */
export function makeMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const known = <T>(name: string, make: () => T): T =>
    (registry.getSingleMetric(name) as T | undefined) ?? make()
  const shared = { registers: [registry] }
  return {
    registry,
    counter: (name, help, labels) =>
      known(name, () => new Counter({ ...shared, name, help, labelNames: [...labels] })),
    gauge: (name, help, labels, collect) =>
      known(name, () => {
        const gauge: Gauge = new Gauge({
          ...shared,
          name,
          help,
          labelNames: [...labels],
          ...(collect && { collect: () => collect(gauge as never) }),
        })
        return gauge as never
      }),
    histogram: (name, help, labels, buckets = durationBuckets) =>
      known(name, () => new Histogram({ ...shared, name, help, labelNames: [...labels], buckets })),
  }
}
