import { isConnectionLoss, sqlState } from '../database.ts'

/**
 * What a failed statement of many rows means for them. Only an SQLSTATE proves that nothing of it happened.
 * `a row`: one of them may be to blame, halves will tell · `the moment`: rolled back, the same again may succeed ·
 * `the connection`: nobody told us what became of it · `all`: sending it again would not help.
 */
export function blameOf(error: unknown): 'a row' | 'the moment' | 'the connection' | 'all' {
  const code = (error as { code?: unknown } | null)?.code
  if (code === 'unknown-outcome') return 'the connection'
  // No connection was had and nothing was sent, or the event log is just being opened.
  if (code === 'unavailable')
    return isConnectionLoss(error) || sqlState(error) === undefined ? 'all' : 'the moment'
  if (isConnectionLoss(error)) return 'the connection'
  const state = sqlState(error)
  if (state === '40001' || state === '40P01') return 'the moment'
  return state === '55P03' || rowClasses.has(state?.slice(0, 2) ?? '') ? 'a row' : 'all'
}

// Data exception, constraint violation, program limit (a value too long for its index), raised by a function of ours.
const rowClasses = new Set(['22', '23', '54', 'P0'])
