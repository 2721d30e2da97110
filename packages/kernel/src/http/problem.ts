import {
  type AppError,
  type ErrorCategory,
  type ErrorCode,
  internalError,
  isAppError,
} from '../contract/index.ts'

/** What each category of failure is over HTTP (RFC 9110). Nothing else maps errors to statuses. */
const statuses: Readonly<Record<ErrorCategory, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  stale: 412,
  'too-large': 413,
  unsupported: 415,
  rule: 422,
  'too-many': 429,
  internal: 500,
  unavailable: 503,
  'unknown-outcome': 504,
}

// Codes that HTTP has a status of their own for.
const statusOfCode: Readonly<Record<string, number>> = {
  'method-not-allowed': 405,
  'request-timeout': 408,
  'header-too-large': 431,
}

/** The HTTP status of a failure. */
export function statusOf(error: { readonly code: string; readonly category: ErrorCategory }): number {
  return statusOfCode[error.code] ?? statuses[error.category]
}

/** A failure as clients see it (RFC 9457). */
export interface Problem {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: string
}

/** Writes failures as `application/problem+json`. `docsUrl` is where the codes are explained, one anchor each. */
export class Problems {
  readonly #titles: ReadonlyMap<string, string>
  readonly #docsUrl: string

  constructor(codes: Iterable<ErrorCode>, docsUrl: string) {
    this.#titles = new Map([...codes].map(each => [each.code, each.title]))
    this.#docsUrl = docsUrl
  }

  /** The answer to a failure. What is not an application error, or is an internal one, says nothing of its cause. */
  of(failure: unknown, requestId: string, hasToken: boolean): Problem {
    const error = isAppError(failure) ? failure : internalError('Something went wrong on our side.')
    const status = statusOf(error)
    const body = JSON.stringify({
      type: `${this.#docsUrl}#${error.code}`,
      title: this.#titles.get(error.code) ?? error.code,
      status,
      detail: error.message,
      code: error.code,
      requestId,
      errors: error.details?.errors,
    })
    return { status, headers: headersOf(error, status, hasToken), body }
  }
}

function headersOf(error: AppError, status: number, hasToken: boolean): string[] {
  const headers = ['Content-Type', 'application/problem+json', 'Cache-Control', 'no-store']
  if (status === 401) headers.push('WWW-Authenticate', hasToken ? 'Bearer error="invalid_token"' : 'Bearer')
  const retryAfter = error.details?.retryAfter ?? (status === 503 || status === 429 ? 1 : undefined)
  if (retryAfter !== undefined) headers.push('Retry-After', String(Math.max(1, Math.ceil(retryAfter))))
  return headers
}
