import { isAppError } from '../contract/index.ts'
import { isConnectionLoss, sqlState } from '../data/index.ts'

/** An event is tried this often before it is parked, with these pauses in between (ms): four seconds in all. */
export const pauses = [100, 300, 900, 2_700] as const

/**
 * Whether a failure says nothing about the event: the database was away or busy, a deadlock, a lock not had in time. Such work is tried
 * again until it succeeds, and never parked.
 */
export function isPassing(error: unknown): boolean {
  if (isConnectionLoss(error)) return true
  if (isAppError(error) && passingCategories.has(error.category)) return true
  const state = sqlState(error)
  return state !== undefined && (passingClasses.has(state.slice(0, 2)) || passingStates.has(state))
}

const passingCategories = new Set(['unavailable', 'unknown-outcome', 'too-many'])
// lock_not_available, read_only_sql_transaction, idle_in_transaction_session_timeout
const passingStates = new Set(['55P03', '25006', '25P03'])
// connection, rollback (deadlock, serialization), resources, shut-down
const passingClasses = new Set(['08', '40', '53'])

/** While a process is so young (ms), those it asks may be starting too: nothing is wrong yet. */
const young = 10_000

/** How loudly a subscription tells that it stands still: once each time it does. */
export class Telling {
  readonly #born = performance.now()
  #isTold = false

  levelOf(error: unknown): 'warn' | 'debug' {
    const isTooSoon = isPassing(error) && performance.now() - this.#born < young
    if (this.#isTold || isTooSoon) return 'debug'
    this.#isTold = true
    return 'warn'
  }

  /** It goes on. */
  isOver(): void {
    this.#isTold = false
  }
}

/** Pause before the n-th attempt to reach something that is away: from 80 ms to 3 s, ± a fifth so that many do not come at once. */
export function passingPause(attempt: number, random = Math.random()): number {
  return Math.min(3_000, 50 * 1.6 ** Math.min(attempt, 20)) * (0.8 + 0.4 * random)
}
