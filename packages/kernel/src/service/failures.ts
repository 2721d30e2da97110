import {
  type AppError,
  deadlineExceeded,
  internalError,
  isAppError,
  type Operation,
  overloaded,
  unavailable,
} from '../contract/index.ts'
import { sqlState } from '../data/index.ts'

/** What a caller gets for whatever a handler threw: an AppError as it is, anything else without detail and with its cause for the log. */
export function toAppError(operation: Operation, error: unknown): AppError {
  if (isAppError(error)) {
    if (operation.kind === 'query' && error.category === 'unknown-outcome') {
      return unavailable('The database is not available.', { retryAfter: 1 }, error)
    }
    return error
  }
  const known = knownStates[sqlState(error) ?? '']
  return known?.(error) ?? internalError('Something went wrong on our side.', undefined, error)
}

const soon = { retryAfter: 1 }
const full = (cause: unknown) => unavailable('The database is out of room.', { retryAfter: 30 }, cause)
const busy = (cause: unknown) => overloaded('The database is busy: try again.', soon, cause)

/** SQLSTATEs that are nobody's bug: a ceiling was reached, and nothing was changed. */
const knownStates: Readonly<Record<string, (cause: unknown) => AppError>> = {
  '57014': cause => deadlineExceeded('It took too long.', soon, cause),
  '55P03': busy,
  '40P01': busy,
  '40001': busy,
  '53300': busy,
  '53100': full,
  '53200': full,
}
