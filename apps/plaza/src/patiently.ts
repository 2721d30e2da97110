import { setTimeout as sleep } from 'node:timers/promises'

const attempts = 5
const pause = 1_000

/** Asks again when nobody answered: a service that restarts is back in seconds. What is asked may happen twice. */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt === attempts || (error as { category?: unknown }).category !== 'unavailable') throw error
      await sleep(pause)
    }
  }
}
