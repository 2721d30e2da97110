import type { ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Identity } from '../call/index.ts'
import { tooManyRequests } from '../contract/index.ts'
import type { Edge } from './edge.ts'
import { type Allowance, limitedPart } from './rate-limit.ts'
import { bearerTokenOf, requestIdOf } from './request-headers.ts'

/**
 * One request and its answer. Answers are written to the socket in one piece, with their headers as a flat list: Fastify's own way
 * and helmet's hooks cost twice as much as all else together (docs/decisions/0030-http-edge.md).
 */
export class Exchange {
  readonly requestId: string
  readonly response: ServerResponse
  /** Epoch ms. */
  readonly startedAt = Date.now()
  /** Who asks, once `admit` has found out. */
  identity: Identity | undefined
  readonly #edge: Edge
  readonly #reply: FastifyReply
  readonly #route: string
  /** The bearer token that was sent, whatever it is worth. */
  readonly token: string | undefined
  #allowance: Allowance | undefined

  /** `route` is its name in metrics: `GET /api/v1/posts/:id`. */
  constructor(edge: Edge, route: string, request: FastifyRequest, reply: FastifyReply) {
    const { headers } = request.raw
    this.#route = route
    this.#edge = edge
    this.#reply = reply
    this.response = reply.raw
    this.requestId = requestIdOf(headers)
    this.token = bearerTokenOf(headers)
  }

  get address(): string {
    return this.#reply.request.ip
  }

  /** Finds out who asks and counts the request against their quota. Throws `unauthenticated`, `too-many-requests`. */
  admit(): Promise<void> | undefined {
    if (this.token === undefined) return this.admitAddress()
    let identity: Identity | Promise<Identity>
    try {
      identity = this.#edge.verifier.verify(this.token)
    } catch (error) {
      return this.#refuseToken(error)
    }
    if (!('then' in identity)) return this.#admitPerson(identity)
    return identity.then(
      found => this.#admitPerson(found),
      error => this.#refuseToken(error),
    )
  }

  /** Counts the request against its address, whoever sends it. Throws `too-many-requests`. */
  admitAddress(): undefined {
    this.#count(limitedPart(this.address))
  }

  /** Answers once; later calls, and answers to clients that went away, do nothing. */
  write(
    status: number,
    headers: readonly string[],
    body: string | Buffer | undefined,
    security = this.#edge.securityHeaders,
  ): void {
    const { response } = this
    if (response.headersSent || response.destroyed) return
    const all = ['X-Request-Id', this.requestId]
    const length = body === undefined ? 0 : Buffer.byteLength(body)
    if (body !== undefined) all.push('Content-Length', String(length))
    if (this.#edge.draining) all.push('Connection', 'close')
    if (this.#allowance) pushAllowance(all, this.#edge, this.#allowance, this.identity !== undefined)
    all.push(...headers, ...security)
    if (this.#edge.hasReplyHeaders) pushReplyHeaders(all, this.#reply)
    this.#edge.counts.count(this.#route, status)
    if (this.#edge.logsRequests) this.#logAnswer(status)
    response.writeHead(status, all)
    // Nearly all JSON is ASCII, which needs no transcoding.
    if (typeof body === 'string' && length === body.length) response.end(body, 'latin1')
    else response.end(body)
  }

  /**
   * Answers 200 with what comes piece by piece, as fast as the client takes it: `length` bytes in all. Whoever goes away ends it; when a piece
   * cannot be had the connection is cut, so that nobody takes the part for the whole.
   */
  async stream(headers: readonly string[], length: number, pieces: AsyncIterable<Buffer>): Promise<void> {
    const { response } = this
    if (response.headersSent || response.destroyed) return
    const all = ['X-Request-Id', this.requestId, 'Content-Length', String(length)]
    if (this.#edge.draining) all.push('Connection', 'close')
    if (this.#allowance) pushAllowance(all, this.#edge, this.#allowance, this.identity !== undefined)
    all.push(...headers, ...this.#edge.securityHeaders)
    if (this.#edge.hasReplyHeaders) pushReplyHeaders(all, this.#reply)
    this.#edge.counts.count(this.#route, 200)
    if (this.#edge.logsRequests) this.#logAnswer(200)
    response.writeHead(200, all)
    if (this.#reply.request.method === 'HEAD') {
      response.end()
      return
    }
    try {
      await pipeline(pieces, response)
    } catch (error) {
      const isGone = (error as { code?: string }).code === 'ERR_STREAM_PREMATURE_CLOSE'
      if (!isGone) this.#edge.failures.report(error, { requestId: this.requestId, ...this.#request() })
    }
  }

  /** Answers a failure, and logs it when that is for us to know. */
  fail(failure: unknown, headers: readonly string[] = []): void {
    const { requestId } = this
    const problem = this.#edge.problems.of(failure, requestId, this.token !== undefined)
    if (problem.status >= 500) this.#edge.failures.report(failure, { requestId, ...this.#request() })
    this.write(problem.status, [...problem.headers, ...headers], problem.body)
  }

  /** Answers a failure in a hook: nothing runs after it. */
  refuse(failure: unknown): void {
    this.#reply.hijack()
    this.fail(failure)
  }

  #logAnswer(status: number): void {
    const took = Date.now() - this.startedAt
    this.#edge.log.debug({ requestId: this.requestId, ...this.#request(), status, took }, 'Answered')
  }

  #request() {
    const { method, url } = this.#reply.request
    return { method, path: url.split('?', 1)[0]!.replace(secretPart, '…') }
  }

  #admitPerson(identity: Identity): undefined {
    this.identity = identity
    this.#count(identity.userId)
  }

  // Guessing tokens counts against the address it comes from.
  #refuseToken(error: unknown): never {
    this.#count(limitedPart(this.address))
    throw error
  }

  #count(key: string): void {
    const allowance = this.#edge.limit.take(key, this.startedAt)
    this.#allowance = allowance
    if (allowance.allowed) return
    const message = `There were more than ${this.#edge.limit.quota} requests in ${this.#edge.limit.windowSeconds} seconds.`
    throw tooManyRequests(message, { retryAfter: allowance.seconds })
  }
}

// What is as long as a secret may be one (the link to an archive): no log shows it, whatever the address was meant for.
const secretPart = /[\w-]{40,}/g

// https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ (10)
function pushAllowance(
  all: string[],
  { limit }: Edge,
  { left, seconds }: Allowance,
  isPerson: boolean,
): void {
  const policy = isPerson ? '"person"' : '"address"'
  all.push('RateLimit', `${policy};r=${left};t=${seconds}`)
  all.push('RateLimit-Policy', `${policy};q=${limit.quota};w=${limit.windowSeconds}`)
}

function pushReplyHeaders(all: string[], reply: FastifyReply): void {
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    const text = String(value)
    const at = name === 'vary' ? all.indexOf('Vary') : -1
    if (at < 0) all.push(name, text)
    else all[at + 1] = `${all[at + 1]}, ${text}`
  }
}
