import type { UserId } from '../contract/index.ts'
import type { Role } from '../security/permissions.ts'

/** Who asks, as their access token says. */
export interface Identity {
  readonly userId: UserId
  readonly sessionId: string
  readonly roles: readonly Role[]
  /** Their account is being erased: only operations with access `token` take them. */
  readonly erasing?: true
}

/** The Idempotency-Key of a request, and what it belongs to. */
export interface IdempotencyKey {
  /** Person, cart token or, for those who are nobody yet, `anonymous`: keys of one owner never meet another's. */
  readonly owner: string
  /** `posts.create`: one key may be used once for each operation. */
  readonly operation: string
  readonly key: string
  /** SHA-256 of operation and input, hex: the same key with another request is refused. */
  readonly requestHash: string
}

/** What travels with a call: identity, deadline, trace and idempotency key. Nothing of it is shared memory. */
export interface Context {
  /** Undefined when nobody is logged in. */
  readonly identity: Identity | undefined
  /** `edge`: a client's own request, by the gateway; `service`: a service's call. Internal operations refuse `edge`. */
  readonly caller: 'edge' | 'service'
  /** Epoch ms after which nobody waits for the answer any more. */
  readonly deadline: number
  readonly requestId: string
  /** W3C Trace Context, when tracing is on. */
  readonly traceparent: string | undefined
  readonly idempotency: IdempotencyKey | undefined
  /** The client's network address, as far as trusted proxies tell. */
  readonly address: string | undefined
  /** Aborts at the deadline, and when nobody waits any more. Made on first use: it costs a timer. */
  readonly signal: AbortSignal
  /** What the answer says about itself besides its value; travels back with it. */
  readonly answer: AnswerNotes
}

export interface AnswerNotes {
  /** The stored first answer to this Idempotency-Key was given. */
  replayed?: boolean
  /** Something could not be had and was left out. */
  degraded?: boolean
  /** From this answer on, the account of whoever asked is being erased: the gateway need not wait for the news. */
  erasing?: boolean
}

export type ContextInit = Omit<Context, 'signal' | 'answer'>

/** Makes the context of a request or of work that begins by itself (a job, a subscription). */
export function newContext(
  init: Partial<ContextInit> & Pick<ContextInit, 'requestId' | 'deadline'>,
): Context {
  return new CallContext({
    identity: undefined,
    caller: 'service',
    traceparent: undefined,
    idempotency: undefined,
    address: undefined,
    ...init,
  })
}

/** The same request, differing in what is named: each call gets a context of its own. */
export function deriveContext(context: Context, changes: Partial<ContextInit>): Context {
  const { identity, caller, deadline, requestId, traceparent, idempotency, address } = context
  return new CallContext(
    { identity, caller, deadline, requestId, traceparent, idempotency, address, ...changes },
    context,
  )
}

/** Milliseconds left before the deadline; zero or less when it is over. */
export const timeLeft = (context: Context) => context.deadline - Date.now()

class CallContext implements Context {
  readonly identity: Identity | undefined
  readonly caller: 'edge' | 'service'
  readonly deadline: number
  readonly requestId: string
  readonly traceparent: string | undefined
  readonly idempotency: IdempotencyKey | undefined
  readonly address: string | undefined
  readonly answer: AnswerNotes = {}
  #parent: Context | undefined
  #signal: AbortSignal | undefined

  constructor(init: ContextInit, parent?: Context) {
    this.identity = init.identity
    this.caller = init.caller
    this.deadline = init.deadline
    this.requestId = init.requestId
    this.traceparent = init.traceparent
    this.idempotency = init.idempotency
    this.address = init.address
    this.#parent = parent
  }

  get signal(): AbortSignal {
    this.#signal ??= this.#makeSignal()
    return this.#signal
  }

  #makeSignal(): AbortSignal {
    const own = AbortSignal.timeout(Math.max(0, timeLeft(this)))
    return this.#parent === undefined ? own : AbortSignal.any([own, this.#parent.signal])
  }
}
