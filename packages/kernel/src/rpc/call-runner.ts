import type { ServerResponse } from 'node:http'
import type { Dispatcher } from '../call/index.ts'
import { type AppError, internalError, isAppError } from '../contract/index.ts'
import { FailureLog } from '../http/failure-log.ts'
import type { Logger } from '../telemetry/index.ts'
import { AnswerStream } from './answer-stream.ts'
import { RunningCalls } from './running-calls.ts'
import { ServedContext } from './served-context.ts'
import { maxAnswer, type WireCall, type WireRequest } from './wire.ts'

export interface CallRunnerOptions {
  readonly dispatcher: Dispatcher
  readonly log: Logger
  readonly isQuery: (service: string, operation: string) => boolean
  /** Whether connections are to end with the answer that is written now. */
  readonly isLast: () => boolean
}

/** Runs lists of calls: each in a context of its own, each answered as it ends. */
export class CallRunner {
  readonly #dispatcher: Dispatcher
  readonly #failures: FailureLog
  readonly #isQuery: (service: string, operation: string) => boolean
  readonly #isLast: () => boolean
  readonly #running = new RunningCalls()

  constructor({ dispatcher, log, isQuery, isLast }: CallRunnerOptions) {
    this.#dispatcher = dispatcher
    this.#failures = new FailureLog(log)
    this.#isQuery = isQuery
    this.#isLast = isLast
  }

  run({ service, client, calls, cancel }: WireRequest, response: ServerResponse): void {
    if (cancel !== undefined) this.#running.cancel(client, cancel)
    if (calls.length === 0) {
      response.writeHead(204).end()
      return
    }
    const now = Date.now()
    const answers = new AnswerStream(response, calls.length, this.#isLast)
    const running = this.#running.of(client)
    for (const call of calls) {
      const context = new ServedContext(call, now)
      running.set(call.id, context)
      const end = (line: string) => {
        running.delete(call.id)
        if (response.destroyed) this.#running.tidy(client)
        else answers.add(line)
      }
      this.#dispatcher.invoke(service, call.operation, call.input, context).then(
        output => end(this.#answerOf(service, call, context, output)),
        error => end(this.#failureOf(service, call, error)),
      )
    }
    response.once('close', () => {
      if (!response.writableFinished) this.#abandon(service, calls, running)
      this.#running.tidy(client)
    })
  }

  // The connection broke. A query that nobody hears of is work for nothing; a command runs to its end.
  #abandon(service: string, calls: readonly WireCall[], running: ReadonlyMap<number, ServedContext>): void {
    for (const { id, operation } of calls) {
      if (this.#isQuery(service, operation)) running.get(id)?.abort()
    }
  }

  #answerOf(service: string, call: WireCall, context: ServedContext, output: unknown): string {
    try {
      const json = JSON.stringify(output)
      if (json === undefined) return `{"id":${call.id}${notesOf(context)}}`
      if (json.length <= maxAnswer / 3) return `{"id":${call.id}${notesOf(context)},"output":${json}}`
      throw new RangeError(`An answer of ${json.length} characters is too large to travel`)
    } catch (error) {
      return this.#failureOf(service, call, error)
    }
  }

  // Causes stay here: the caller hears code, message and details, the log of this process the rest.
  #failureOf(service: string, call: WireCall, error: unknown): string {
    const failure: AppError = isAppError(error)
      ? error
      : internalError('Something went wrong on our side.', undefined, error)
    const { requestId, operation } = call
    this.#failures.report(failure, { requestId, method: 'POST', path: `/rpc ${service}.${operation}` })
    return `{"id":${call.id},"error":${JSON.stringify(failure)}}`
  }
}

function notesOf({ answer }: ServedContext): string {
  const { replayed, degraded, erasing } = answer
  if (replayed === undefined && degraded === undefined && erasing === undefined) return ''
  return `,"notes":${JSON.stringify(answer)}`
}
