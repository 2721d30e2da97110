import type { AnswerNotes, Context, IdempotencyKey, Identity } from '../call/index.ts'
import type { WireCall } from './wire.ts'

/** The context of a call from another process: its signal aborts at the deadline, and when the caller says that nobody waits. */
export class ServedContext implements Context {
  readonly identity: Identity | undefined
  readonly caller: 'edge' | 'service'
  readonly deadline: number
  readonly requestId: string
  readonly traceparent: string | undefined
  readonly idempotency: IdempotencyKey | undefined
  readonly address: string | undefined
  readonly answer: AnswerNotes = {}
  #signal: AbortSignal | undefined
  #gone: AbortController | undefined

  constructor(call: WireCall, now: number) {
    this.identity = call.identity
    this.caller = call.caller
    this.deadline = now + call.left
    this.requestId = call.requestId
    this.traceparent = call.traceparent
    this.idempotency = call.idempotency
    this.address = call.address
  }

  // Made on first use: most calls end before anybody asks.
  get signal(): AbortSignal {
    if (this.#signal === undefined) {
      this.#gone ??= new AbortController()
      const left = Math.max(0, this.deadline - Date.now())
      this.#signal = AbortSignal.any([AbortSignal.timeout(left), this.#gone.signal])
    }
    return this.#signal
  }

  abort(): void {
    this.#gone ??= new AbortController()
    this.#gone.abort(new DOMException('Nobody waits for the answer any more', 'AbortError'))
  }
}
