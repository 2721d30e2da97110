import { Server as NetServer } from 'node:net'
import cors from '@fastify/cors'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Config } from '../config/index.ts'
import {
  type Contract,
  invalidInput,
  isAppError,
  methodNotAllowed,
  routeNotFound,
  tooLarge,
  unsupportedMediaType,
} from '../contract/index.ts'
import { AllowedMethods } from './allowed-methods.ts'
import { answerClientErrors } from './client-errors.ts'
import type { Edge } from './edge.ts'
import { Exchange } from './exchange.ts'
import { parseJsonBody } from './json-body.ts'
import { parseQueryString } from './query-string.ts'
import { RestRoute } from './rest-route.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before anything else runs. */
    exchange: Exchange | null
  }
}

/** Bodies are 1 MiB at most; what streams has limits of its own. */
const bodyLimit = 1_048_576
const thrownAwayAtMost = 32 * bodyLimit
const headerLimit = 16_384
/** Whose headers, or whole request, take longer than this is cut off (ms). */
const headersTimeout = 15_000
const requestTimeout = 60_000
/** Longer than proxies keep an idle connection: they close first, and no request meets a closing one (ms). */
const keepAliveTimeout = 72_000
/** Who sends on an open connection so soon (ms) after a drain began is still answered, and told to go. */
const idleGrace = 2_000

export interface EdgeServer {
  readonly app: FastifyInstance
  /** Adds a route for each operation that has one. */
  addContract(contract: Contract): void
  /** Adds a page or probe that is no operation: counted and limited by address, failures answered as problems. */
  addPage(path: string, answer: (exchange: Exchange, request: FastifyRequest) => Promise<void> | void): void
  /** Takes no new connection, tells open ones to go, waits for running requests at most `timeout` ms, then cuts them off. */
  close(timeout: number): Promise<void>
}

/** Sets an HTTP server up: limits, body and query parsing, problems for every failure, CORS where it is configured. */
export function makeEdgeServer(edge: Edge, config: Config): EdgeServer {
  const app = fastify({
    logger: false,
    bodyLimit,
    requestTimeout,
    keepAliveTimeout,
    trustProxy: config.trustedProxies.length > 0 ? [...config.trustedProxies] : false,
    return503OnClosing: false,
    clientErrorHandler: answerClientErrors(edge.problems),
    frameworkErrors: (error, request, reply) => failOutside(edge, error, request, reply as FastifyReply),
    http: { maxHeaderSize: headerLimit, headersTimeout, connectionsCheckingInterval: 5_000 },
    routerOptions: {
      maxParamLength: 500,
      querystringParser: text => parseQueryString(text) as unknown as Record<string, unknown>,
    },
  })
  app.server.maxConnections = config.maxConnections
  app.decorateRequest('exchange', null)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, parseJsonBody(body as Buffer))
    } catch (error) {
      done(error as Error)
    }
  })
  const methods = new AllowedMethods()
  app.setErrorHandler((error, request, reply) => {
    // The body of a request that nobody takes is none of our business.
    if (request.is404) answerNoRoute(edge, request, reply, methods)
    else failOutside(edge, error, request, reply)
  })
  app.setNotFoundHandler((request, reply) => answerNoRoute(edge, request, reply, methods))
  if (edge.hasReplyHeaders) app.register(cors, corsOptions(config))

  return {
    app,
    addContract: contract => {
      for (const [name, operation] of Object.entries(contract.operations)) {
        if (operation.route === undefined) continue
        const { method, path } = operation.route
        const route = new RestRoute(edge, contract.name, name, operation)
        methods.add(method, path)
        app.route({
          method,
          url: path,
          onRequest: (request, reply, next) => route.admit(request, reply, next),
          handler: (request, reply) => route.handle(request, reply),
        })
      }
    },
    addPage: (path, answer) => {
      methods.add('GET', path)
      app.get(path, (request, reply) => {
        const exchange = new Exchange(edge, `GET ${path}`, request, reply)
        reply.hijack()
        const run = async () => {
          exchange.admitAddress()
          await answer(exchange, request)
        }
        run().catch(error => exchange.fail(error))
      })
    },
    close: timeout => drain(edge, app, timeout),
  }
}

async function drain(edge: Edge, app: FastifyInstance, timeout: number): Promise<void> {
  edge.draining = true
  const { server } = app
  // Not http's own close, nor Fastify's: they end idle connections at once, and a request on its way to one would be lost.
  const closed = new Promise<void>(resolve => NetServer.prototype.close.call(server, () => resolve()))
  const idle = setTimeout(() => server.closeIdleConnections(), Math.min(timeout, idleGrace))
  const cut = setTimeout(() => server.closeAllConnections(), timeout)
  await closed
  clearTimeout(idle)
  clearTimeout(cut)
  await app.close()
}

function answerNoRoute(
  edge: Edge,
  request: FastifyRequest,
  reply: FastifyReply,
  methods: AllowedMethods,
): void {
  const exchange = exchangeOf(edge, request, reply)
  reply.hijack()
  try {
    exchange.admitAddress()
    const allowed = methods.of(request.url)
    if (allowed.length === 0)
      throw routeNotFound('There is nothing at this address; /docs says what there is.')
    const allow = ['Allow', allowed.join(', ')]
    if (request.method === 'OPTIONS') exchange.write(204, allow, undefined)
    else exchange.fail(methodNotAllowed(`Here goes ${allowed.join(', ')}, not ${request.method}.`), allow)
  } catch (error) {
    exchange.fail(error)
  }
}

// What failed before a route's own handler ran: bad URLs, bodies that are too large or no JSON.
function failOutside(edge: Edge, error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const exchange = exchangeOf(edge, request, reply)
  reply.hijack()
  reply.removeHeader('connection') // Fastify would close; whether to is decided here
  exchange.fail(failureOf(error), isReadAnyway(request) ? [] : ['Connection', 'close'])
}

/**
 * What is left of a refused body is read and thrown away (Node does it) when it said how long it is and that is bearable: closing at once
 * would reset the connection, and clients that still send would never see the answer. Otherwise the connection ends with the answer.
 */
function isReadAnyway({ raw, headers }: FastifyRequest): boolean {
  return raw.complete || Number(headers['content-length']) <= thrownAwayAtMost
}

function exchangeOf(edge: Edge, request: FastifyRequest, reply: FastifyReply): Exchange {
  return request.exchange ?? new Exchange(edge, 'none -', request, reply)
}

function failureOf(error: unknown): unknown {
  if (isAppError(error)) return error
  switch ((error as { code?: string }).code) {
    case 'FST_ERR_BAD_URL':
      return invalidInput('The path is not percent-encoded UTF-8.')
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return tooLarge('The body may have at most 1 MiB.')
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return invalidInput('The body is shorter or longer than its Content-Length says.')
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return unsupportedMediaType('Send the body as JSON, with Content-Type: application/json.')
    case 'ECONNRESET':
    case 'ERR_STREAM_PREMATURE_CLOSE':
      return invalidInput('The body ended too early.')
    default:
      return error
  }
}

function corsOptions({ corsOrigins }: Config) {
  return {
    origin: corsOrigins.includes('*') ? '*' : [...corsOrigins],
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: [
      'Authorization',
      'Content-Type',
      'Idempotency-Key',
      'If-Match',
      'If-None-Match',
      'X-Request-Id',
      'traceparent',
    ],
    exposedHeaders: [
      'ETag',
      'Link',
      'X-Request-Id',
      'RateLimit',
      'RateLimit-Policy',
      'Retry-After',
      'Idempotency-Replayed',
    ],
    maxAge: 600,
  }
}
