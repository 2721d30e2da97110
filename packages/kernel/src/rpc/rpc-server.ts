import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, Server as NetServer } from 'node:net'
import type { Contract } from '../contract/index.ts'
import { type Host, kernelOf } from '../service/index.ts'
import type { Logger, Metrics } from '../telemetry/index.ts'
import { CallRunner } from './call-runner.ts'
import { RefusalLog } from './refusal-log.ts'
import { RefusedToken, TokenReader } from './token.ts'
import { clientIdle, isWireRequest, maxBody, notBegunHeader, rpcPath, serverIdle } from './wire.ts'

const headersTimeout = 15_000
const requestTimeout = 60_000
const maxConnections = 10_000
/** Clients close idle connections after `clientIdle`, sooner or later: then no request meets a closing one. */
const idleGrace = clientIdle + 1_000

/** A page beside `/rpc`, for probes and scrapers. */
export type Page = (request: IncomingMessage) => PageAnswer | Promise<PageAnswer>

export interface PageAnswer {
  readonly status: number
  readonly type: string
  readonly body: string
}

export interface RpcServerOptions {
  /** Calls go to the services hosted here, never on to others. */
  readonly host: Pick<Host, 'local' | 'contracts'>
  /** Those of them that may be called. */
  readonly services: readonly string[]
  /** `PLAZA_SECRET`. */
  readonly secret: string
  readonly listen: { readonly host: string; readonly port: number }
  /** By path: `/health/live`. */
  readonly pages?: Readonly<Record<string, Page>>
  readonly log: Logger
  readonly metrics: Metrics
}

export interface RpcServer {
  /** Resolves to the base URL. */
  listen(): Promise<string>
  /** Begins nothing new, waits for running calls at most `within` ms, then cuts them off. */
  close(within: number): Promise<void>
}

/** Serves calls from other processes: only with a token of the same `PLAZA_SECRET`, for a service hosted here. */
export function rpcServer(options: RpcServerOptions): RpcServer {
  return new Served(options)
}

class Served implements RpcServer {
  readonly #options: RpcServerOptions
  readonly #server: Server
  readonly #tokens: TokenReader
  readonly #runner: CallRunner
  readonly #refusals: RefusalLog
  #isDraining = false

  constructor(options: RpcServerOptions) {
    this.#options = options
    this.#tokens = new TokenReader(options.secret)
    this.#refusals = new RefusalLog(options.log, options.metrics)
    this.#runner = new CallRunner({
      dispatcher: options.host.local,
      log: options.log,
      isQuery: (service, operation) => isQuery(options.host.contracts, service, operation),
      isLast: () => this.#isDraining,
    })
    this.#server = createServer(
      { keepAliveTimeout: serverIdle, headersTimeout, requestTimeout, maxHeaderSize: 8_192 },
      (request, response) => this.#handle(request, response),
    )
    this.#server.maxConnections = maxConnections
  }

  async listen(): Promise<string> {
    const { host, port } = this.#options.listen
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen(port, host, resolve)
    })
    const { address, port: taken, family } = this.#server.address() as AddressInfo
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}`
  }

  async close(within: number): Promise<void> {
    this.#isDraining = true
    if (!this.#server.listening) return
    // Not http's own close: it ends idle connections at once, and a request on its way to one would be lost.
    const closed = new Promise<void>(resolve => NetServer.prototype.close.call(this.#server, () => resolve()))
    const idle = setTimeout(() => this.#closeIdle(), Math.min(within, idleGrace))
    const cut = setTimeout(() => this.#server.closeAllConnections(), within)
    await closed
    clearTimeout(idle)
    clearTimeout(cut)
    this.#server.close()
  }

  #closeIdle(): void {
    this.#server.closeIdleConnections()
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    response.sendDate = false
    const path = request.url?.split('?', 1)[0] ?? ''
    if (request.method === 'POST' && path === rpcPath) this.#admit(request, response)
    else if (request.method === 'GET') void this.#page(path, request, response)
    else refuse(request, response, 404, 'There is nothing here')
  }

  // Who calls is known before anything of the body is read.
  #admit(request: IncomingMessage, response: ServerResponse): void {
    try {
      const { aud, iss } = this.#tokens.read(request.headers.authorization)
      if (!this.#options.services.includes(aud)) throw new RefusedToken(`it is for ${aud}, which is not here`)
      if (this.#isDraining) refuse(request, response, 503, 'It is about to stop')
      else receive(request, response, body => this.#take(body, aud, iss, request, response))
    } catch (error) {
      this.#refuse(request, response, error)
    }
  }

  #take(body: Buffer, audience: string, issuer: string, request: IncomingMessage, response: ServerResponse) {
    const list = parsed(body)
    if (!isWireRequest(list)) {
      this.#refusals.report('shape', 'its body is no list of calls', request.socket.remoteAddress, issuer)
      refuse(request, response, 400, 'The body is no list of calls')
    } else if (list.service !== audience) {
      this.#refuse(request, response, new RefusedToken(`it is for ${audience}, not ${list.service}`))
    } else this.#runner.run(list, response)
  }

  #refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    const reason = error instanceof RefusedToken ? error.message : 'it cannot be read'
    this.#refusals.report('token', reason, request.socket.remoteAddress)
    refuse(request, response, 401, `The internal token is not accepted: ${reason}`)
  }

  async #page(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const page = this.#options.pages?.[path]
    if (page === undefined) {
      refuse(request, response, 404, 'There is nothing here')
      return
    }
    try {
      const { status, type, body } = await page(request)
      const close = this.#isDraining ? ['Connection', 'close'] : []
      response.writeHead(status, ['Content-Type', type, 'Cache-Control', 'no-store', ...close]).end(body)
    } catch (error) {
      this.#options.log.error({ err: error, path }, 'A page failed')
      refuse(request, response, 500, 'Something went wrong on our side')
    }
  }
}

function isQuery(contracts: readonly Contract[], service: string, operation: string): boolean {
  const contract = contracts.find(each => each.name === service)
  if (contract === undefined) return false
  return (
    (contract.operations[operation] ?? kernelOf(contract).operations[operation as never])?.kind === 'query'
  )
}

function receive(request: IncomingMessage, response: ServerResponse, take: (body: Buffer) => void): void {
  if (Number(request.headers['content-length']) > maxBody) {
    refuse(request, response, 413, `A request may have at most ${maxBody} bytes`)
    return
  }
  const chunks: Buffer[] = []
  let length = 0
  request.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length <= maxBody) chunks.push(chunk)
    else request.destroy()
  })
  request.on('end', () => {
    if (length <= maxBody) take(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))
  })
  request.on('error', () => {}) // The connection broke while it was sent: nothing has begun.
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}

// The header says what the caller must know: none of its calls has begun. The body is read and thrown away first: closing before would reset
// the connection, and the caller might never see the answer.
function refuse(request: IncomingMessage, response: ServerResponse, status: number, why: string): void {
  const answer = () => {
    if (response.headersSent || response.destroyed) return
    const body = JSON.stringify({ message: why })
    const length = String(Buffer.byteLength(body))
    const headers = ['Content-Type', 'application/json', 'Content-Length', length, 'Connection', 'close']
    response.writeHead(status, [...headers, notBegunHeader, why]).end(body)
  }
  if (request.complete || Number(request.headers['content-length'] ?? 0) > maxBody) answer()
  else
    request
      .on('end', answer)
      .on('error', () => {})
      .resume()
}
