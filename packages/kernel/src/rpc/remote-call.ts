import { type Context, lateOf, overBeforeItBegan, type Waiting } from '../call/index.ts'
import { AppError, deadlineExceeded, type Operation, unavailable, unknownOutcome } from '../contract/index.ts'
import type { Address } from './address.ts'
import type { List } from './list.ts'
import type { WireAnswer } from './wire.ts'

/** Looks at the deadlines (each 50 ms) after which a call is slow enough to ask whether anybody still waits for it. */
const slowAfter = 2

/** What a call tells when it is over. */
export interface CallEnd {
  /** `outcome`: ok, or the code of the error. */
  ended(call: RemoteCall, service: string, outcome: string): void
}

/** A call on its way, from `invoke` to its answer, over all its attempts. */
export class RemoteCall implements Waiting {
  readonly id: number
  readonly #service: string
  readonly name: string
  readonly operation: Operation
  readonly input: unknown
  readonly context: Context
  readonly deadline: number
  /** Where it is under way now; undefined while it waits. */
  list: List | undefined
  /** Where it failed last: it goes elsewhere when there is an elsewhere. */
  avoid: Address | undefined
  /** Attempts that ended without anybody knowing what became of them. */
  lost = 0
  /** Attempts that surely began nothing. */
  unsent = 0
  isOver = false
  readonly #end: CallEnd
  readonly #resolve: (output: unknown) => void
  readonly #reject: (error: AppError) => void
  #looks = 0
  #signal: AbortSignal | undefined

  constructor(
    id: number,
    service: string,
    name: string,
    operation: Operation,
    input: unknown,
    context: Context,
    end: CallEnd,
    resolve: (output: unknown) => void,
    reject: (error: AppError) => void,
  ) {
    this.id = id
    this.#service = service
    this.name = name
    this.operation = operation
    this.input = input
    this.context = context
    this.deadline = context.deadline
    this.#end = end
    this.#resolve = resolve
    this.#reject = reject
  }

  answer(answer: WireAnswer): void {
    if (answer.error !== undefined) {
      this.fail(new AppError(answer.error))
      return
    }
    if (!this.#over('ok')) return
    if (answer.notes !== undefined) Object.assign(this.context.answer, answer.notes)
    this.#resolve(answer.output)
  }

  fail(error: AppError): void {
    if (this.#over(error.code)) this.#reject(error)
  }

  /** The deadline is over: whoever waits is let go, and the other side told. */
  release(): void {
    this.fail(this.#mayHaveBegun() ? lateOf(this.operation)() : overBeforeItBegan())
    this.list?.drop(this)
  }

  // A context's signal costs a timer: only calls that take long have one.
  linger(): void {
    if (this.#looks++ !== slowAfter) return
    this.#signal = this.context.signal
    if (this.#signal.aborted) this.#abandon()
    else this.#signal.addEventListener('abort', this.#abandon, { once: true })
  }

  /** This process stops. */
  giveUp(): void {
    const began = this.operation.kind === 'command' && this.#mayHaveBegun()
    this.fail(
      began
        ? unknownOutcome('This process stopped before the answer came, and it may have happened.')
        : unavailable('This process is stopping.', { retryAfter: 1 }),
    )
  }

  // Nobody waits any more. What became of a command that has begun is still worth knowing until its deadline.
  #abandon = (): void => {
    if (this.operation.kind === 'command' && this.#mayHaveBegun()) {
      this.list?.cancel(this)
      return
    }
    this.fail(deadlineExceeded('Nobody waits for it any more.', { retryAfter: 1 }))
    this.list?.drop(this)
  }

  #mayHaveBegun(): boolean {
    return this.lost > 0 || this.list?.isWritten === true
  }

  #over(outcome: string): boolean {
    if (this.isOver) return false
    this.isOver = true
    this.#signal?.removeEventListener('abort', this.#abandon)
    this.#end.ended(this, this.#service, outcome)
    return true
  }
}
