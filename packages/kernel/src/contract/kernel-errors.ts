import { errorCode } from './app-error.ts'

/** Codes any operation may answer; the rest are declared in the contracts. */
export const invalidInput = errorCode('invalid-input', 'invalid', 'The request is not valid')
export const invalidCursor = errorCode('invalid-cursor', 'invalid', 'The cursor is not one of this list')
export const idempotencyKeyRequired = errorCode(
  'idempotency-key-required',
  'invalid',
  'This request needs an Idempotency-Key',
)
export const unauthenticated = errorCode('unauthenticated', 'unauthenticated', 'Log in first')
export const forbidden = errorCode('forbidden', 'forbidden', 'You may not do this')
export const routeNotFound = errorCode('not-found', 'not-found', 'There is nothing here')
export const methodNotAllowed = errorCode('method-not-allowed', 'unsupported', 'This path has no such method')
export const stale = errorCode('stale', 'stale', 'Somebody changed it meanwhile')
export const keyReused = errorCode(
  'idempotency-key-reused',
  'rule',
  'The Idempotency-Key was used with another request',
)
export const stillRunning = errorCode(
  'still-running',
  'conflict',
  'The first request with this key still runs',
)
export const tooLarge = errorCode('too-large', 'too-large', 'The request is too large')
export const headerTooLarge = errorCode(
  'header-too-large',
  'too-large',
  'The URL or the headers are too large',
)
export const requestTimeout = errorCode('request-timeout', 'invalid', 'The request did not arrive in time')
export const unsupportedMediaType = errorCode('unsupported-media-type', 'unsupported', 'Send JSON')
export const tooManyRequests = errorCode('too-many-requests', 'too-many', 'Too many requests')
export const overloaded = errorCode('overloaded', 'unavailable', 'Too much to do at the moment')
export const unavailable = errorCode('unavailable', 'unavailable', 'A part of Plaza is not available')
export const deadlineExceeded = errorCode('deadline-exceeded', 'unavailable', 'It took too long')
export const unknownOutcome = errorCode(
  'unknown-outcome',
  'unknown-outcome',
  'It may or may not have happened: ask again with the same Idempotency-Key',
)
export const internalError = errorCode('internal-error', 'internal', 'Something went wrong on our side')
