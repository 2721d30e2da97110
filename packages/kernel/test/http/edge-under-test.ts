import assert from 'node:assert/strict'
import { connect } from 'node:net'
import Type from 'typebox'
import type { Context, Dispatcher, Identity } from '../../src/call/index.ts'
import { toConfig } from '../../src/config/index.ts'
import {
  Closed,
  command,
  contract,
  errorCode,
  Id,
  inputChecker,
  Nothing,
  Nullable,
  Page,
  PageInput,
  query,
  stale,
  unauthenticated,
} from '../../src/contract/index.ts'
import { makeEdge, makeEdgeServer } from '../../src/http/index.ts'
import { type Logger, makeLogger, makeMetrics } from '../../src/telemetry/index.ts'

// A contract with one operation of each kind, answered here, behind a real HTTP server.

const postNotFound = errorCode('post-not-found', 'not-found', 'There is no such post')
const Post = Closed({
  id: Id.post,
  text: Type.String(),
  editedAt: Nullable(Type.String()),
  version: Type.Integer(),
})
export const postId = 'post_01h455vb4pex5vsknk084sn02q'
export const aPost = { id: postId, text: 'hello', editedAt: null, version: 3 }

const posts = contract('posts', {
  get: query({
    route: 'GET /api/v1/posts/:id',
    access: 'public',
    input: Closed({ id: Id.post }),
    output: Post,
    fails: [postNotFound],
  }),
  list: query({
    route: 'GET /api/v1/posts',
    access: 'public',
    input: Closed({
      ...PageInput,
      tag: Type.Optional(Type.Array(Type.String())),
      replies: Type.Optional(Type.Boolean()),
      price: Type.Optional(Closed({ gte: Type.Optional(Type.Integer()) })),
    }),
    output: Page(Post),
  }),
  create: command({
    route: 'POST /api/v1/posts',
    access: 'posts:write',
    input: Closed({ text: Type.String({ minLength: 1, maxLength: 5_000 }) }),
    output: Post,
    status: 201,
  }),
  edit: command({
    route: 'PATCH /api/v1/posts/:id',
    access: 'posts:write',
    input: Closed({ id: Id.post, text: Type.String(), ifVersion: Type.Optional(Type.Integer()) }),
    output: Post,
    fails: [postNotFound],
  }),
  remove: command({
    route: 'DELETE /api/v1/posts/:id',
    access: 'posts:write',
    input: Closed({ id: Id.post }),
    output: Nothing,
  }),
  order: command({
    route: 'POST /api/v1/orders',
    access: 'public',
    input: Closed({}),
    output: Closed({ secret: Type.String() }),
    repeat: 'key-required',
    sealed: true,
  }),
  slow: query({
    route: 'GET /api/v1/slow',
    access: 'public',
    input: Closed({}),
    output: Nothing,
    timeout: 30_000,
  }),
  broken: query({ route: 'GET /api/v1/broken', access: 'public', input: Closed({}), output: Nothing }),
})

interface Seen {
  readonly name: string
  readonly input: unknown
  readonly context: Context
}
/** Every call that reached an operation, in turn. */
export const seen: Seen[] = []
/** What the tests turn, and what they read, of the operations and the verifier. */
export const stage = { answerSlow: () => {}, confirmed: 0 }
const answers: Record<string, (input: never, context: Context) => unknown> = {
  get: ({ id }: { id: string }) => {
    if (id !== postId) throw postNotFound(`There is no post ${id}.`)
    return { ...aPost, internal: 'never shown' }
  },
  list: () => ({ items: [aPost], nextCursor: 'n/1', prevCursor: null }),
  create: (_input, context) => {
    if (context.idempotency?.key === 'seen') context.answer.replayed = true
    return aPost
  },
  edit: ({ ifVersion }: { ifVersion?: number }) => {
    if (ifVersion !== undefined && ifVersion !== 3) throw stale('Another version is there.')
    return aPost
  },
  remove: () => null,
  order: () => ({ secret: 'x' }),
  slow: (_input, context) =>
    new Promise((resolve, reject) => {
      stage.answerSlow = () => resolve(null)
      context.signal.addEventListener('abort', () => reject(context.signal.reason))
    }),
  broken: () => {
    throw new Error('secret SQL')
  },
}
const checks = Object.fromEntries(
  Object.entries(posts.operations).map(([name, each]) => [name, inputChecker(each)]),
)
const dispatcher: Dispatcher = {
  invoke: async (_service, name, input, context) => {
    seen.push({ name, input, context })
    checks[name]?.(input)
    return answers[name]?.(input as never, context)
  },
}

export const ana: Identity = { userId: 'user_01h455vb4pex5vsknk084sn02q', sessionId: 's', roles: ['user'] }
const verifier = {
  verify: (token: string) => {
    if (token === 'ana') return ana
    if (token === 'slow-ana') return Promise.resolve(ana)
    if (token === 'new-ana') return { ...ana, roles: [] }
    throw unauthenticated('The access token is not valid.')
  },
  beginErasure: () => {},
  confirm: async () => {
    stage.confirmed++
    return ana
  },
}
/** Serves the contract on a free port. */
export async function serve(
  env: Record<string, string> = {},
  log: Logger = makeLogger({ level: 'silent', pretty: false }),
) {
  const config = toConfig(env)
  const edge = makeEdge({ contracts: [posts], dispatcher, verifier, config, log, metrics: makeMetrics() })
  const server = makeEdgeServer(edge, config)
  server.addContract(posts)
  await server.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = server.app.server.address() as { port: number }
  const url = `http://127.0.0.1:${port}`
  return {
    server,
    url,
    post: (path: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
      fetch(url + path, { method: 'POST', body, headers: { ...asAna, ...json, ...headers } }),
    /** Sends these bytes; resolves with all that came back once the server ends the connection. */
    raw: (text: string) => exchangeRaw(port, text),
    open: () => connect(port, '127.0.0.1'),
  }
}

export const asAna = { authorization: 'Bearer ana' }
export const json = { 'content-type': 'application/json' }

export interface ProblemBody {
  readonly code: string
  readonly detail: string
  readonly requestId: string
  readonly errors?: { pointer: string; detail: string }[]
}

/** The problem an answer is; fails unless it is one of this status. */
export async function problemOf(answer: Response, status: number): Promise<ProblemBody> {
  const body = await answer.text()
  assert.equal(answer.status, status, body)
  assert.equal(answer.headers.get('content-type'), 'application/problem+json')
  const problem = JSON.parse(body)
  assert.equal(problem.status, status)
  assert.equal(problem.requestId, answer.headers.get('x-request-id'))
  return problem
}

/** Waits for the fact. */
export async function until<T>(find: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await find()
    if (found !== undefined) return found
    await new Promise(resolve => setImmediate(resolve))
  }
}

function exchangeRaw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    let answer = ''
    socket.on('data', chunk => {
      answer += chunk
    })
    socket.on('end', () => resolve(answer)).on('error', reject)
  })
}
