import { SpanKind } from '@opentelemetry/api'
import fastJson from 'fast-json-stringify'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Context, deriveContext, type IdempotencyKey } from '../call/index.ts'
import type { Access, Permission } from '../contract/index.ts'
import { idempotencyKeyRequired, type Operation, type TSchema } from '../contract/index.ts'
import { isPermitted } from '../security/permissions.ts'
import { traced } from '../telemetry/index.ts'
import type { Edge } from './edge.ts'
import { EdgeContext } from './edge-context.ts'
import { etagOf } from './etag.ts'
import { Exchange } from './exchange.ts'
import { type InputReader, inputReader, versionProperty } from './input.ts'
import { linkHeader } from './link-header.ts'
import { pageSerializer } from './page-serializer.ts'
import type { QueryString } from './query-string.ts'
import { requestHash } from './request-hash.ts'
import { idempotencyKeyOf, ifVersionOf, matchesNone, traceparentOf } from './request-headers.ts'

/** One operation of a contract as an HTTP route. */
export class RestRoute {
  readonly #edge: Edge
  readonly #service: string
  readonly #name: string
  readonly #operation: Operation
  readonly #label: string
  readonly #readInput: InputReader
  readonly #serialize: (output: unknown) => string
  readonly #permission: Permission | undefined
  readonly #takesVersion: boolean
  readonly #hasVersion: boolean
  readonly #isPage: boolean
  readonly #isGet: boolean
  readonly #isPost: boolean

  constructor(edge: Edge, service: string, name: string, operation: Operation) {
    const { route, input, output } = operation
    this.#edge = edge
    this.#service = service
    this.#name = name
    this.#operation = operation
    this.#label = `${route?.method} ${route?.path}`
    this.#readInput = inputReader(operation)
    this.#permission = permissionOf(operation.access)
    this.#takesVersion = hasProperty(input, versionProperty)
    this.#hasVersion = hasProperty(output, 'version')
    this.#isPage = hasProperty(output, 'nextCursor')
    this.#serialize = this.#isPage ? pageSerializer(output) : fastJson(output as fastJson.Schema)
    this.#isGet = route?.method === 'GET'
    this.#isPost = route?.method === 'POST'
  }

  /** Finds out who asks before their body is read. Answers and goes no further when they are refused. */
  admit(request: FastifyRequest, reply: FastifyReply, next: () => void): void {
    const exchange = new Exchange(this.#edge, this.#label, request, reply)
    request.exchange = exchange
    try {
      const waiting = exchange.admit()
      if (waiting === undefined && this.#isAllowed(exchange)) next()
      else this.#confirm(exchange, waiting).then(next, error => exchange.refuse(error))
    } catch (error) {
      exchange.refuse(error)
    }
  }

  /** Answers a request. Never throws: whatever fails becomes a problem. */
  handle(request: FastifyRequest, reply: FastifyReply): void {
    const exchange = request.exchange as Exchange
    reply.hijack()
    try {
      const input = this.#readInput(
        request.params as Record<string, string>,
        request.query as QueryString,
        request.body,
      )
      const context = this.#contextOf(exchange, request, input)
      if (this.#takesVersion) putVersion(input, request)
      this.#invoke(input, context).then(
        output => this.#answer(exchange, request, context, output),
        error => exchange.fail(error),
      )
    } catch (error) {
      exchange.fail(error)
    }
  }

  #invoke(input: unknown, context: Context): Promise<unknown> {
    const { dispatcher, traces } = this.#edge
    if (!traces) return dispatcher.invoke(this.#service, this.#name, input, context)
    return traced(this.#label, SpanKind.SERVER, context.traceparent, async traceparent => {
      const inner = deriveContext(context, { traceparent })
      const output = await dispatcher.invoke(this.#service, this.#name, input, inner)
      Object.assign(context.answer, inner.answer)
      return output
    })
  }

  #isAllowed({ identity }: Exchange): boolean {
    return (
      identity === undefined ||
      this.#permission === undefined ||
      isPermitted(identity.roles, this.#permission)
    )
  }

  // A role gained a moment ago may not be in the token: the owner is asked before the operation refuses.
  async #confirm(exchange: Exchange, admitted: Promise<void> | undefined): Promise<void> {
    await admitted
    if (exchange.identity === undefined || this.#isAllowed(exchange)) return
    exchange.identity = await this.#edge.verifier.confirm(exchange.identity)
  }

  #contextOf(exchange: Exchange, request: FastifyRequest, input: unknown): EdgeContext {
    const { headers } = request.raw
    return new EdgeContext(exchange.response, {
      identity: exchange.identity,
      deadline: exchange.startedAt + this.#operation.timeout,
      requestId: exchange.requestId,
      traceparent: traceparentOf(headers),
      idempotency: this.#isPost ? this.#idempotencyOf(exchange, request, input) : undefined,
      address: exchange.address,
    })
  }

  #idempotencyOf(exchange: Exchange, request: FastifyRequest, input: unknown): IdempotencyKey | undefined {
    const key = idempotencyKeyOf(request.raw.headers)
    const operation = `${this.#service}.${this.#name}`
    if (key !== undefined) {
      const owner = exchange.identity?.userId ?? 'anonymous'
      return { owner, operation, key, requestHash: requestHash(operation, input) }
    }
    if (this.#operation.repeat !== 'key-required') return undefined
    throw idempotencyKeyRequired(
      'Send an Idempotency-Key header: then it can be asked again without happening twice.',
    )
  }

  #answer(exchange: Exchange, request: FastifyRequest, context: Context, output: unknown): void {
    try {
      const { status } = this.#operation
      const headers = [...this.#cacheHeaders(exchange, context)]
      if (context.answer.replayed) headers.push('Idempotency-Replayed', 'true')
      if (context.answer.degraded) headers.push('Degraded', 'true')
      if (context.answer.erasing && exchange.identity) this.#edge.verifier.beginErasure(exchange.identity)
      if (this.#isPage) pushLinks(headers, request.url, output as Cursors)
      const body = status === 204 ? undefined : this.#serialize(output)
      if (body !== undefined && this.#hasVersion && this.#isKnown(request, headers, output, body)) {
        exchange.write(304, headers, undefined)
      } else {
        if (body !== undefined) headers.push('Content-Type', 'application/json')
        exchange.write(status, headers, body)
      }
    } catch (error) {
      exchange.fail(error)
    }
  }

  /** Adds the ETag; true when the client has exactly this already. */
  #isKnown(request: FastifyRequest, headers: string[], output: unknown, body: string): boolean {
    const etag = etagOf((output as { version: number }).version, body)
    headers.push('ETag', etag)
    const known = this.#isGet ? request.raw.headers['if-none-match'] : undefined
    return known !== undefined && matchesNone(known, etag)
  }

  #cacheHeaders(exchange: Exchange, context: Context): readonly string[] {
    if (this.#operation.sealed || context.answer.degraded) return notStored
    if (exchange.token !== undefined) return forOnePerson
    return this.#isGet && this.#operation.access === 'public' ? forEverybody : notStored
  }
}

interface Cursors {
  readonly nextCursor: string | null
  readonly prevCursor: string | null
}

const notStored = ['Cache-Control', 'no-store', 'Vary', 'Authorization']
const forOnePerson = ['Cache-Control', 'private, no-cache', 'Vary', 'Authorization']
const forEverybody = ['Cache-Control', 'public, max-age=2', 'Vary', 'Authorization']

function permissionOf(access: Access): Permission | undefined {
  return access === 'public' || access === 'user' || access === 'token' || access === 'internal'
    ? undefined
    : access
}

function hasProperty(schema: TSchema, name: string): boolean {
  return Object.hasOwn((schema as { properties?: object }).properties ?? {}, name)
}

function putVersion(input: unknown, request: FastifyRequest): void {
  const version = ifVersionOf(request.raw.headers)
  if (version !== undefined && typeof input === 'object' && input !== null)
    (input as Record<string, unknown>)[versionProperty] = version
}

function pushLinks(headers: string[], url: string, { nextCursor, prevCursor }: Cursors): void {
  const links = linkHeader(url, nextCursor, prevCursor)
  if (links !== undefined) headers.push('Link', links)
}
