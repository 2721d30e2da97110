import type { ServerResponse } from 'node:http'
import type { AnswerNotes, Context, IdempotencyKey, Identity } from '../call/index.ts'

/** The context of a client's request: its signal aborts at the deadline and when the client goes away. */
export class EdgeContext implements Context {
  readonly caller = 'edge'
  readonly identity: Identity | undefined
  readonly deadline: number
  readonly requestId: string
  readonly traceparent: string | undefined
  readonly idempotency: IdempotencyKey | undefined
  readonly address: string | undefined
  readonly answer: AnswerNotes = {}
  readonly #response: ServerResponse
  #signal: AbortSignal | undefined

  constructor(
    response: ServerResponse,
    init: Pick<Context, 'identity' | 'deadline' | 'requestId' | 'traceparent' | 'idempotency' | 'address'>,
  ) {
    this.#response = response
    this.identity = init.identity
    this.deadline = init.deadline
    this.requestId = init.requestId
    this.traceparent = init.traceparent
    this.idempotency = init.idempotency
    this.address = init.address
  }

  // Made on first use: most requests end before anybody asks.
  get signal(): AbortSignal {
    this.#signal ??= AbortSignal.any([
      AbortSignal.timeout(Math.max(0, this.deadline - Date.now())),
      closeSignal(this.#response),
    ])
    return this.#signal
  }
}

function closeSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController()
  const abort = () => gone.abort(new DOMException('The client went away', 'AbortError'))
  if (response.destroyed) abort()
  else {
    response.once('close', () => {
      if (!response.writableFinished) abort()
    })
  }
  return gone.signal
}
