import { setTimeout as delay } from 'node:timers/promises'

const shortest = 10
const longest = 1_000

/**
 * Rests as long as the step before took: long work on a person's data takes half of a service's time at most, whatever its size, and who waits for
 * an answer meanwhile hardly notices. Ends at once when the signal aborts, by throwing.
 */
export async function politePause(began: number, signal: AbortSignal): Promise<void> {
  const took = performance.now() - began
  await delay(Math.min(longest, Math.max(shortest, took)), undefined, { signal })
}
