import type { Db } from '../data/database.ts'
import { deleteExpiredAnswers } from '../data/idempotency/stored-answers.ts'
import type { Logger } from '../telemetry/index.ts'
import { turnJobDays } from './job-store.ts'

const minute = 60_000
const perStep = 2_000

export interface Housekeeping {
  stop(): Promise<void>
}

/**
 * Deletes answers to idempotency keys that are older than a day, in steps that hold nobody up, and turns the daily partitions of finished
 * jobs every hour. Any number of processes may do it.
 */
export function startHousekeeping(db: Db, log: Logger, every = minute): Housekeeping {
  let round = 0
  let isStopped = false
  let running: Promise<void> = Promise.resolve()
  const sweep = async () => {
    try {
      if (round++ % 60 === 0) await turnJobDays.run(db, {})
      while (!isStopped && (await deleteExpiredAnswers(db, perStep)) === perStep);
    } catch (error) {
      log.warn(error, 'Housekeeping failed; it is tried again in a minute')
    }
    if (!isStopped) timer = setTimeout(begin, every * (0.9 + Math.random() * 0.2)).unref()
  }
  const begin = () => {
    running = sweep()
  }
  let timer = setTimeout(begin, Math.random() * Math.min(every, 5_000)).unref()
  return {
    stop: async () => {
      isStopped = true
      clearTimeout(timer)
      await running
    },
  }
}
