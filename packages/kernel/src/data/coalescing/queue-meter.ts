import type { Metrics } from '../../telemetry/index.ts'

/** Counts what one queue of `batched` or `grouped` does; called once for each sending, not for each entry. */
export interface QueueMeter {
  sending(size: number, waiting: number): void
  refused(): void
  retried(): void
}

const sizeBuckets = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]

/** A meter over the process' metrics, or one that counts nothing. */
export function queueMeter(metrics: Metrics | undefined, name: string): QueueMeter {
  if (metrics === undefined) return { sending: () => {}, refused: () => {}, retried: () => {} }
  const size = metrics
    .histogram('plaza_group_size', 'Entries in one statement of batched or grouped', ['queue'], sizeBuckets)
    .labels(name)
  const waiting = metrics
    .gauge('plaza_group_waiting', 'Entries that waited when the last statement was sent', ['queue'])
    .labels(name)
  const refused = metrics
    .counter('plaza_group_refused_total', 'Entries refused because too many waited', ['queue'])
    .labels(name)
  const retried = metrics
    .counter('plaza_group_retried_total', 'Statements sent again: deadlock, halved or lost', ['queue'])
    .labels(name)
  return {
    sending: (entries, queued) => {
      size.observe(entries)
      waiting.set(queued)
    },
    refused: () => refused.inc(),
    retried: () => retried.inc(),
  }
}
