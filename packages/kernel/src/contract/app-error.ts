/** What a failure means to whoever asked; the edge maps it to an HTTP status (RFC 9110), nothing else does. */
export type ErrorCategory =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'stale'
  | 'rule'
  | 'too-large'
  | 'unsupported'
  | 'too-many'
  | 'unavailable'
  | 'unknown-outcome'
  | 'internal'

/** One thing wrong with the input: `pointer` is a JSON Pointer (RFC 6901) into it. */
export interface InputProblem {
  readonly pointer: string
  readonly detail: string
}

export interface ErrorDetails {
  readonly errors?: readonly InputProblem[]
  /** Whole seconds until it makes sense to ask again. */
  readonly retryAfter?: number
}

/** An `AppError` as it travels between processes. */
export interface AppErrorJson {
  readonly code: string
  readonly category: ErrorCategory
  readonly message: string
  readonly details?: ErrorDetails
}

/** The one kind of expected failure. Compare `code`, never the class: it may have come from another process. */
export class AppError extends Error {
  readonly code: string
  readonly category: ErrorCategory
  readonly details: ErrorDetails | undefined

  constructor(json: AppErrorJson, cause?: unknown) {
    super(json.message, cause === undefined ? undefined : { cause })
    this.name = 'AppError'
    this.code = json.code
    this.category = json.category
    this.details = json.details
  }

  toJSON(): AppErrorJson {
    const json = { code: this.code, category: this.category, message: this.message }
    return this.details === undefined ? json : { ...json, details: this.details }
  }
}

/** A declared error code: call it to make the error. An operation lists what it may throw under `fails`. */
export interface ErrorCode {
  (message: string, details?: ErrorDetails, cause?: unknown): AppError
  readonly code: string
  readonly category: ErrorCategory
  readonly title: string
}

/**
 * Declares an error code once: its name, its category and the title clients read.
 * @example
 * export const postNotFound = errorCode('post-not-found', 'not-found', 'There is no such post')
 * throw postNotFound(`There is no post ${id}, or it is not for you to see.`)
 */
export function errorCode(code: string, category: ErrorCategory, title: string): ErrorCode {
  const make = (message: string, details?: ErrorDetails, cause?: unknown) =>
    new AppError(
      details === undefined ? { code, category, message } : { code, category, message, details },
      cause,
    )
  return Object.assign(make, { code, category, title })
}

/** Whether an unknown thrown value carries an application code, wherever it was made. */
export function isAppError(error: unknown): error is AppError {
  return error instanceof Error && error.name === 'AppError' && typeof (error as AppError).code === 'string'
}
