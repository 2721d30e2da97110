import { type Call, type Context, type ContextInit, makeCall, newContext } from '../call/index.ts'
import { Closed, command, contract, errorCode, query, Type } from '../contract/index.ts'
import { type Handlers, kernelOf } from '../service/index.ts'
import { LocalDispatcher } from '../service/local-dispatcher.ts'
import { type Metrics, makeLogger, makeMetrics } from '../telemetry/index.ts'
import { type RemoteOptions, remoteCalls } from './remote-calls.ts'
import { type RpcServerOptions, rpcServer } from './rpc-server.ts'

const Word = Closed({ word: Type.String({ maxLength: 100_000 }) })
const shape = { access: 'public', input: Word, output: Word } as const
export const noBird = errorCode('bird-not-found', 'not-found', 'There is no such bird')

/** A service for the tests of remote calls. */
const birds = contract('birds', {
  hear: query({ ...shape, fails: [noBird] }),
  count: query({ ...shape, access: 'internal' }),
  watch: query({ ...shape, timeout: 60_000 }),
  sing: command({ ...shape, route: 'POST /songs' }),
  feed: command({ ...shape, route: 'PUT /birds/:id/food' }),
  rename: command({ ...shape, route: 'PATCH /birds/:id' }),
})

export type BirdHandlers = Partial<Handlers<typeof birds>>

export const secret = 'a secret for tests only, 32 letters'
const quiet = makeLogger({ level: 'silent', pretty: false })

const echo = (input: { word: string }) => input

/** A server with the service `birds`, on a free port. */
export async function serveBirds(handlers: BirdHandlers = {}, options: Partial<RpcServerOptions> = {}) {
  const local = new LocalDispatcher(options.metrics ?? makeMetrics())
  const all: Readonly<Record<string, unknown>> = { ...handlers }
  const targets = Object.entries(birds.operations).map(([name, operation]) => {
    return [name, { operation, handler: (all[name] ?? echo) as never, db: undefined }] as const
  })
  local.add('birds', Object.fromEntries(targets))
  const server = rpcServer({
    host: { local, contracts: [birds] },
    services: ['birds'],
    secret,
    listen: { host: '127.0.0.1', port: 0 },
    log: quiet,
    metrics: makeMetrics(),
    ...options,
  })
  const url = await server.listen()
  return { url, server, [Symbol.asyncDispose]: () => server.close(0) }
}

/** Calls `birds` at these URLs. */
export function callBirds(urls: readonly string[], options: Partial<RemoteOptions> = {}) {
  const metrics: Metrics = options.metrics ?? makeMetrics()
  const remote = remoteCalls({
    contracts: [birds],
    addresses: new Map([['birds', urls]]),
    secret,
    name: 'test',
    log: quiet,
    ...options,
    metrics,
  })
  const call: Call = makeCall(remote)
  return {
    remote,
    metrics,
    birds: call(birds),
    kernel: call(kernelOf(birds)),
    [Symbol.asyncDispose]: () => remote.close(),
  }
}

export const asking = (within = 10_000, init: Partial<ContextInit> = {}): Context =>
  newContext({ requestId: 'test', deadline: Date.now() + within, ...init })

/** A command's context with its key. */
export const withKey = (key: string, within = 10_000): Context =>
  asking(within, { idempotency: { owner: 'user_x', operation: 'birds.sing', key, requestHash: '' } })
