import { unavailable } from '../../contract/kernel-errors.ts'
import type { Metrics } from '../../telemetry/index.ts'
import { deepFreeze } from './deep-freeze.ts'
import { blameOf } from './failures.ts'
import { Gatherer } from './gatherer.ts'
import { queueMeter } from './queue-meter.ts'

export interface BatchedOptions<K extends string | number, V> {
  /** As in `posts.find-by-id`; names it in errors and metrics. */
  readonly name: string
  /** Reads many keys with one query; keys that are not in its answer were not found. */
  readonly load: (keys: readonly K[]) => Promise<ReadonlyMap<K, V>>
  /** Keys at most in one query (default 500). */
  readonly maxKeys?: number
  /** Queries at most at one time (default 2). */
  readonly inFlight?: number
  /** Keys at most that wait (default 10,000); more are refused with `overloaded`. */
  readonly maxWaiting?: number
  readonly metrics?: Metrics
}

/**
 * Turns the concurrent reads of a moment, across requests, into one query. A read never joins a query that was sent before it, so it sees
 * every write that was answered before. Callers share the values, so those are frozen. One key that PostgreSQL refuses harms no other.
 * @example
 * const findPost = batched({ name: 'posts.find', load: async (ids: readonly PostId[]) => mapOf(await byIds.all(db, { ids })) })
 * const post = await findPost(id) // undefined when there is none
 */
export function batched<K extends string | number, V>(
  options: BatchedOptions<K, V>,
): (key: K) => Promise<V | undefined> {
  const meter = queueMeter(options.metrics, options.name)
  const gatherer = new Gatherer<K, Entry<K, V>>({
    name: options.name,
    maxSize: options.maxKeys ?? 500,
    maxWaiting: options.maxWaiting ?? 10_000,
    inFlight: options.inFlight ?? 2,
    meter,
    send: entries => send(entries, 0),
  })

  async function send(entries: readonly Entry<K, V>[], losses: number): Promise<void> {
    try {
      const found = await options.load(entries.map(entry => entry.key))
      for (const entry of entries) entry.resolve(deepFreeze(found.get(entry.key)))
    } catch (error) {
      const blame = blameOf(error)
      if (blame === 'a row' && entries.length > 1) {
        meter.retried()
        const middle = entries.length >> 1
        await send(entries.slice(0, middle), losses)
        await send(entries.slice(middle), losses)
      } else if (blame === 'the connection' && losses === 0) {
        meter.retried()
        await send(entries, losses + 1)
      } else {
        const lost = blame === 'the connection'
        const failure = lost ? unavailable('The database went away.', { retryAfter: 1 }, error) : error
        for (const entry of entries) entry.reject(failure)
      }
    }
  }

  return key => {
    const waiting = gatherer.find(key)
    if (waiting !== undefined) return waiting.promise
    try {
      gatherer.assertRoom()
    } catch (error) {
      return Promise.reject(error)
    }
    const entry = Promise.withResolvers<V | undefined>() as Entry<K, V>
    entry.key = key
    gatherer.add(key, entry)
    return entry.promise
  }
}

interface Entry<K, V> extends PromiseWithResolvers<V | undefined> {
  key: K
}
