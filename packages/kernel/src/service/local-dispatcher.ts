import { SpanKind } from '@opentelemetry/api'
import type { Histogram } from 'prom-client'
import {
  type Context,
  Deadlines,
  type Dispatcher,
  deriveContext,
  lateOf,
  overBeforeItBegan,
  timeLeft,
} from '../call/index.ts'
import { type AppError, inputChecker, type Operation, unavailable } from '../contract/index.ts'
import { answeredBefore, type Db } from '../data/index.ts'
import { isTracingOn, type Metrics, traced } from '../telemetry/index.ts'
import { assertAccess } from './access.ts'
import { toAppError } from './failures.ts'
import type { Handler } from './service.ts'

/** One operation of a hosted service, ready to be called. */
export interface Target {
  readonly operation: Operation
  readonly handler: Handler<never, unknown>
  /** Where answers to idempotency keys are kept; undefined for services without tables. */
  readonly db: Db | undefined
}

interface Prepared extends Target {
  readonly name: string
  readonly check: (input: unknown) => void
  readonly succeeded: { observe(seconds: number): void }
  /** What its caller hears at the deadline: of a command nobody knows what became of it. */
  readonly late: () => AppError
}

/** Calls the services of this process: guards, deadline, the handler, and honest failures. */
export class LocalDispatcher implements Dispatcher {
  readonly #services = new Map<string, Map<string, Prepared>>()
  readonly #deadlines = new Deadlines()
  readonly #seconds: Histogram<'operation' | 'outcome'>
  readonly #tracing = isTracingOn()
  #running = 0

  constructor(metrics: Metrics) {
    this.#seconds = metrics.histogram(
      'plaza_operation_seconds',
      'Duration of operations by outcome: ok, or the code of the error',
      ['operation', 'outcome'],
    )
    metrics.gauge('plaza_operations_running', 'Operations running now', [], gauge => gauge.set(this.#running))
  }

  /** Calls that have begun and not ended. */
  get running(): number {
    return this.#running
  }

  hosts(service: string): boolean {
    return this.#services.has(service)
  }

  add(service: string, targets: Readonly<Record<string, Target>>): void {
    const prepared = Object.entries(targets).map(([operation, target]): [string, Prepared] => {
      const name = `${service}.${operation}`
      const succeeded = this.#seconds.labels(name, 'ok')
      const late = lateOf(target.operation)
      return [operation, { ...target, name, check: inputChecker(target.operation), succeeded, late }]
    })
    this.#services.set(service, new Map(prepared))
  }

  invoke(service: string, operation: string, input: unknown, context: Context): Promise<unknown> {
    const target = this.#services.get(service)?.get(operation)
    if (target === undefined) {
      return Promise.reject(
        unavailable(`No process that is reached from here hosts ${service}.${operation}.`),
      )
    }
    const work = this.#tracing ? this.#traced(target, input, context) : this.#measured(target, input, context)
    return context.caller === 'edge' ? this.#deadlines.race(work, context.deadline, target.late) : work
  }

  #traced(target: Prepared, input: unknown, context: Context): Promise<unknown> {
    return traced(target.name, SpanKind.INTERNAL, context.traceparent, async traceparent => {
      const inner = deriveContext(context, { traceparent })
      const output = await this.#measured(target, input, inner)
      Object.assign(context.answer, inner.answer)
      return output
    })
  }

  async #measured(target: Prepared, input: unknown, context: Context): Promise<unknown> {
    const began = performance.now()
    this.#running++
    try {
      const output = await this.#run(target, input, context)
      target.succeeded.observe((performance.now() - began) / 1000)
      return output
    } catch (error) {
      const failure = toAppError(target.operation, error)
      this.#seconds.labels(target.name, failure.code).observe((performance.now() - began) / 1000)
      throw failure
    } finally {
      this.#running--
    }
  }

  async #run(target: Prepared, input: unknown, context: Context): Promise<unknown> {
    const { operation, handler, db } = target
    assertAccess(operation, context)
    if (timeLeft(context) <= 0) throw overBeforeItBegan()
    try {
      if (context.caller === 'edge') target.check(input)
      return await handler(input as never, context)
    } catch (error) {
      return this.#firstAnswer(operation, db, context, error)
    }
  }

  // A repeated request may be refused now for what its first run changed: the first answer still stands.
  async #firstAnswer(
    operation: Operation,
    db: Db | undefined,
    context: Context,
    error: unknown,
  ): Promise<unknown> {
    const asked = operation.kind === 'command' && context.idempotency !== undefined && db !== undefined
    if (!asked) throw error
    const stored = await answeredBefore(db, context).catch((other: AppError) => {
      throw other.code === 'idempotency-key-reused' ? other : error
    })
    if (stored === undefined) throw error
    context.answer.replayed = true
    return stored.answer
  }
}
