import { Compile } from 'typebox/compile'
import type { AnswerNotes, Context } from '../call/index.ts'
import { type AppErrorJson, Closed, type Static, Type } from '../contract/index.ts'
import { roles } from '../security/permissions.ts'

/** Where calls go. */
export const rpcPath = '/rpc'
/** Calls that travel together at most, and about how many characters they may have. */
export const maxCalls = 200
export const listSize = 1_048_576
/** Bytes of a request, and of one answer, at most: what is larger is refused on either side. */
export const maxBody = 32 * 1_048_576
export const maxAnswer = 32 * 1_048_576
/** A header of answers that say: none of these calls has begun. Without it (a proxy's error) they may have. */
export const notBegunHeader = 'plaza-not-begun'
/** Connections that are idle close after this time (ms) on the client's side; the server's patience is much longer, so no request meets a closing one. */
export const clientIdle = 1_000
export const serverIdle = 72_000

const text = (maxLength: number) => Type.String({ maxLength })

const WireIdentity = Closed({
  userId: Type.Unsafe<`user_${string}`>(text(100)),
  sessionId: text(100),
  roles: Type.Array(Type.Unsafe<(typeof roles)[number]>({ type: 'string', enum: [...roles] }), {
    maxItems: 20,
  }),
  erasing: Type.Optional(Type.Literal(true)),
})

const WireCall = Closed({
  id: Type.Integer({ minimum: 0 }),
  operation: text(200),
  input: Type.Optional(Type.Unknown()),
  /** Milliseconds until the deadline: clocks of machines differ. */
  left: Type.Integer({ maximum: 86_400_000 }),
  caller: Type.Unsafe<Context['caller']>({ type: 'string', enum: ['edge', 'service'] }),
  requestId: text(1_000),
  identity: Type.Optional(WireIdentity),
  traceparent: Type.Optional(text(200)),
  idempotency: Type.Optional(
    Closed({ owner: text(1_000), operation: text(500), key: text(1_000), requestHash: text(200) }),
  ),
  address: Type.Optional(text(200)),
})

const WireRequest = Closed({
  service: text(200),
  /** Who numbers the calls: what is cancelled is named by client and id. */
  client: text(100),
  calls: Type.Array(WireCall, { maxItems: 1_000 }),
  cancel: Type.Optional(Type.Array(Type.Integer(), { maxItems: 20_000 })),
})

export type WireCall = Static<typeof WireCall>
export type WireRequest = Static<typeof WireRequest>

const shape = Compile(WireRequest)

/** Whether a parsed body is a list of calls. */
export const isWireRequest = (body: unknown): body is WireRequest => shape.Check(body)

/** One line of an answer. */
export interface WireAnswer {
  readonly id: number
  readonly output?: unknown
  readonly notes?: AnswerNotes
  readonly error?: AppErrorJson
}

/** A call as it travels. Undefined members are left out by JSON. */
export function wireCall(id: number, operation: string, input: unknown, context: Context): string {
  const { caller, requestId, identity, traceparent, idempotency, address } = context
  const left = Math.ceil(context.deadline - Date.now())
  const call = { id, operation, input, left, caller, requestId, identity, traceparent, idempotency, address }
  return JSON.stringify(call)
}
