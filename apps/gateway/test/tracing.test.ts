import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { auth } from '@plaza/auth/contract'
import { createGateway } from '@plaza/gateway'
import { toConfig } from '@plaza/kernel/config'
import { Closed, contract, NoInput, query, Type } from '@plaza/kernel/contract'
import { sql } from '@plaza/kernel/data'
import { scratchDatabase } from '@plaza/kernel/scratch-database'
import { host, service } from '@plaza/kernel/service'
import { makeLogger, makeMetrics, startTracing } from '@plaza/kernel/telemetry'

interface Span {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
}

const now = sql({ name: 'clock.now', params: {}, row: { at: 'timestamptz' } })`
  select now() as at`
const operations = {
  tell: query({
    route: 'GET /api/v1/clock',
    access: 'public',
    input: NoInput,
    output: Closed({ at: Type.String() }),
  }),
}
const clock = service(contract('clock', operations), undefined, ({ db }) => ({
  handlers: { tell: async () => ({ at: (await now.one(db, {})).at.toISOString() }) },
}))

/** Stands for auth: nobody is logged in. */
const { keys, revocations, standings } = auth.operations
const fakeAuth = service(contract('auth', { keys, revocations, standings }, auth.events), undefined, () => ({
  handlers: {
    keys: () => ({ keys: [] }),
    revocations: () => ({ sessions: [], people: [], erasures: [] }),
    standings: () => [],
  },
}))

/** A gateway and a service in this process that send their spans to `endpoint`. */
async function serve(endpoint: string, warned: string[]) {
  await using undo = new AsyncDisposableStack()
  const log = makeLogger({ level: 'warn', pretty: false, to: { write: line => warned.push(line) } })
  const tracing = await startTracing(
    { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SERVICE_NAME: 'plaza-test' },
    log,
  )
  let isTracing = true
  const stopTracing = async () => {
    if (isTracing) await tracing[Symbol.asyncDispose]()
    isTracing = false
  }
  undo.defer(stopTracing)
  const scratch = undo.use(await scratchDatabase())
  const config = toConfig({ PLAZA_SECRET: 'a secret for tests only, 32 letters', PORT: '0' })
  const metrics = makeMetrics()
  const databaseUrls = await scratch.migrate(['auth', 'clock'].map(name => ({ name, migrations: undefined })))
  const services = await host({ services: [fakeAuth, clock], databaseUrls, config, log, metrics })
  undo.defer(() => services.stop())
  const gateway = createGateway({ host: services, config, log, metrics, version: '1' })
  await services.start()
  const url = await gateway.listen()
  undo.defer(() => gateway.close())
  const parts = undo.move()
  const ask = (headers: Record<string, string> = {}) => fetch(`${url}/api/v1/clock`, { headers })
  return { ask, stopTracing, [Symbol.asyncDispose]: () => parts.disposeAsync() }
}

/** An OTLP/HTTP collector; once `isHanging`, it takes requests and never answers. */
async function collector() {
  const spans: Span[] = []
  const services = new Set<string>()
  const state = { isHanging: false, unanswered: 0 }
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    if (state.isHanging) {
      state.unanswered++
      return
    }
    assert.equal(`${request.method} ${request.url}`, 'POST /v1/traces')
    for (const { resource, scopeSpans } of JSON.parse(body).resourceSpans) {
      for (const { key, value } of resource.attributes)
        if (key === 'service.name') services.add(value.stringValue)
      for (const scope of scopeSpans) spans.push(...scope.spans)
    }
    response.end('{}')
  }).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const close = async () => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  }
  return { url, spans, services, state, [Symbol.asyncDispose]: close }
}

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const caller = '00f067aa0ba902b7'

// One registration serves a process for life, so this file has one: the tests are what a collector goes through.
const warned: string[] = []
const otlp = await collector()
const plaza = await serve(otlp.url, warned)
after(() => plaza[Symbol.asyncDispose]())

test('a request, its call and its query are one trace at the collector, below the span of whoever asked', async () => {
  // What was not taken by the caller is not taken here.
  const unsampled = traceId.replace('4b', '5c')
  assert.equal((await plaza.ask({ traceparent: `00-${unsampled}-${caller}-00` })).status, 200)
  assert.equal((await plaza.ask({ traceparent: `00-${traceId}-${caller}-01` })).status, 200)
  const trace = await until(() => {
    const found = otlp.spans.filter(span => span.traceId === traceId)
    return found.length >= 3 ? found : undefined
  })
  const [request] = trace.filter(span => span.parentSpanId === caller)
  const [call] = trace.filter(span => span.parentSpanId === request?.spanId)
  const [statement] = trace.filter(span => span.parentSpanId === call?.spanId)
  assert.equal(trace.length, 3)
  assert.match(request?.name ?? '', /\/api\/v1\/clock$/)
  assert.equal(call?.name, 'clock.tell')
  assert.equal(statement?.name, 'clock.now')
  assert.ok(!otlp.spans.some(span => span.traceId === unsampled))
  assert.deepEqual([...otlp.services], ['plaza-test'])
  assert.deepEqual(warned, [])
})

test('while the collector hangs, requests are answered as before, and the log says so once', async () => {
  otlp.state.isHanging = true
  await until(async () => {
    assert.equal((await plaza.ask()).status, 200)
    return otlp.state.unanswered > 0 || undefined
  })
  await until(() => warned.length > 0 || undefined)
  assert.match(warned[0]!, /did not take \d+ spans/)
  for (let i = 0; i < 20; i++) assert.equal((await plaza.ask()).status, 200)
})

test('when it is gone, requests are answered, and stopping is not kept waiting', async () => {
  await otlp[Symbol.asyncDispose]()
  for (let i = 0; i < 20; i++) assert.equal((await plaza.ask()).status, 200)
  await plaza.stopTracing()
  assert.equal((await plaza.ask()).status, 200)
  assert.equal(warned.length, 1, warned.join('\n'))
})

async function until<T>(find: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await find()
    if (found !== undefined) return found
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
