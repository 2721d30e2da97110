import { isAppError } from '../contract/index.ts'
import type { Logger } from '../telemetry/index.ts'

/** What a log line says of a request. Paths without their query string: that may hold what people search for. */
interface FailedRequest {
  readonly requestId: string
  readonly method: string
  readonly path: string
}

/** A failure that many requests meet at once is told once in this time (ms). */
const tellEvery = 1_000

/**
 * Logs, at the edge and once, what clients are not told. Nobody expected it: an error, each time. Something is away: a warning a second
 * and code, with how many more there were.
 */
export class FailureLog {
  readonly #log: Logger
  readonly #told = new Map<string, { at: number; untold: number }>()

  constructor(log: Logger) {
    this.#log = log
  }

  report(failure: unknown, request: FailedRequest): void {
    const err = failure instanceof Error && failure.cause instanceof Error ? failure.cause : failure
    if (!isAppError(failure) || failure.category === 'internal') {
      this.#log.error({ err, ...request }, 'A request failed in a way nobody expected')
    } else if (failure.cause !== undefined && isOurFault.has(failure.category)) {
      this.#warn(failure.code, err, request)
    }
  }

  #warn(code: string, err: unknown, request: FailedRequest): void {
    const now = performance.now()
    const told = this.#told.get(code)
    if (told !== undefined && now - told.at < tellEvery) {
      told.untold++
      return
    }
    this.#told.set(code, { at: now, untold: 0 })
    this.#log.warn(
      { err, ...request, code, unlogged: told?.untold ?? 0 },
      'Something that requests need is away',
    )
  }
}

const isOurFault: ReadonlySet<string> = new Set(['unavailable', 'unknown-outcome'])
