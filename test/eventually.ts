import { setTimeout as sleep } from 'node:timers/promises'

/** Until when a fact that the API calls exact but late must hold: counts, others' new posts, revocations (ms). */
const soon = 1_000

/**
 * Waits for a fact: tries until `fact` throws no more. An attempt that began in time counts; the last error is thrown otherwise.
 * @example
 * await eventually(async () => assert.equal((await profile()).postCount, 1))
 */
export async function eventually<T>(fact: () => Promise<T>, within = soon): Promise<T> {
  const end = Date.now() + within
  for (;;) {
    try {
      return await fact()
    } catch (error) {
      if (Date.now() >= end) throw error
      await sleep(10)
    }
  }
}
