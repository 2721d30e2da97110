import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { auth } from '@plaza/auth/contract'
import { createGateway, type Gateway } from '@plaza/gateway'
import type { Identity } from '@plaza/kernel/call'
import { toConfig } from '@plaza/kernel/config'
import { Closed, command, contract, event, Id, NoInput, Nothing, Type } from '@plaza/kernel/contract'
import { newId, type Tx } from '@plaza/kernel/data'
import { appendEvents, newEvent, shared } from '@plaza/kernel/events'
import { errorCodesOf } from '@plaza/kernel/http'
import { type ScratchDatabase, scratchDatabase } from '@plaza/kernel/scratch-database'
import { signAccessToken } from '@plaza/kernel/security'
import { type Host, host, service } from '@plaza/kernel/service'
import { makeLogger, makeMetrics } from '@plaza/kernel/telemetry'

const ana = newId('user', 1)
const olga = newId('user', 2)

/** Stands for auth: one key, nobody revoked, log-out by event. */
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'ES256', use: 'sig' }
const { keys, revocations, standings, logout } = auth.operations
const fakeAuth = service(
  contract('auth', { keys, revocations, standings, logout }, auth.events),
  undefined,
  ({ db }) => ({
    handlers: {
      keys: () => ({ keys: [jwk as never] }),
      revocations: () => ({ sessions: [], people: [], erasures: [] }),
      standings: ({ ids }) =>
        ids.map(id => ({ id, revision: 1, roles: ['user' as const], suspended: false, endedBefore: 0 })),
      logout: async (_input, { identity }) => {
        const ended = { sessionId: identity!.sessionId as `session_${string}`, userId: identity!.userId }
        await db.transaction(tx =>
          appendEvents(tx, [newEvent(auth, 'sessionEnded', identity!.userId, ended)]),
        )
        return null
      },
    },
  }),
)

/** A service that can be made unable to handle what it hears, and that has jobs. */
const notes = contract(
  'notes',
  {
    write: command({
      route: 'POST /api/v1/notes',
      access: 'user',
      input: Closed({ text: Type.String() }),
      output: Nothing,
    }),
    count: command({
      route: 'POST /api/v1/notes/count',
      access: 'user',
      input: NoInput,
      output: Closed({ jobId: Id.job }),
      status: 202,
    }),
  },
  { written: event(Closed({ userId: Id.user })) },
)
let isBroken = false
let isReady = true
const handled: string[] = []
const notesService = service(notes, undefined, ({ db, jobs }) => ({
  handlers: {
    write: async (_input, { identity }) => {
      const { userId } = identity!
      await db.transaction((tx: Tx) =>
        appendEvents(tx, [newEvent(notes, 'written', userId, { userId })]).then(() => null),
      )
      return null
    },
    count: async (_input, { identity }) => ({
      jobId: await db.transaction(tx => jobs.add(tx, { kind: 'count', data: null, owner: identity!.userId })),
    }),
  },
  subscriptions: [
    shared('echo', notes, {
      written: ({ data }) => {
        if (isBroken) throw new Error('the echo is broken')
        handled.push(data.userId)
      },
    }),
  ],
  jobs: { count: async () => ({ notes: 7 }) },
  ready: () => isReady,
}))

let scratch: ScratchDatabase
let services: Host
let gateway: Gateway
let url = ''

before(async () => {
  scratch = await scratchDatabase()
  const definitions = [fakeAuth, notesService]
  const config = toConfig({ PLAZA_SECRET: 'a secret for tests only, 32 letters', PORT: '0' })
  const log = makeLogger({ level: 'silent', pretty: false })
  const metrics = makeMetrics()
  const databaseUrls = await scratch.migrate(
    definitions.map(each => ({ name: each.contract.name, migrations: each.migrations })),
  )
  services = await host({ services: definitions, databaseUrls, config, log, metrics })
  gateway = createGateway({ host: services, config, log, metrics, version: '1.2.3' })
  await services.start()
  url = await gateway.listen()
})
after(async () => {
  await gateway?.close()
  await services?.stop()
  await scratch?.[Symbol.asyncDispose]()
})

test('each dependency is named when ready, and when not it is 503', async () => {
  const ready = await get('/health/ready')
  assert.equal(ready.status, 200)
  assert.deepEqual(ready.body.parts, [
    { name: 'auth', status: 'ready' },
    { name: 'notes', status: 'ready' },
    { name: 'gateway', status: 'ready' },
  ])
  assert.equal((await get('/health/live')).status, 200)

  isReady = false
  const notReady = await until(async () => {
    const answer = await get('/health/ready')
    return answer.status === 503 ? answer : undefined
  })
  assert.deepEqual(notReady.body.notReady, [{ part: 'notes', reason: 'not ready' }])
  assert.equal((await get('/health/live')).status, 200)
  isReady = true
  await until(async () => (await get('/health/ready')).status === 200 || undefined)
})

test('a log-out holds at this gateway within a second', async () => {
  const token = tokenOf(ana)
  assert.equal((await ask('POST', '/api/v1/notes', token, { text: 'a' })).status, 204)
  assert.equal((await ask('POST', '/api/v1/auth/logout', token)).status, 204)
  const began = Date.now()
  await until(
    async () => (await ask('POST', '/api/v1/notes', token, { text: 'a' })).status === 401 || undefined,
  )
  assert.ok(Date.now() - began < 1_000)
})

test('a job is found in whichever service it runs, by its owner alone', async () => {
  const begun = await ask('POST', '/api/v1/notes/count', tokenOf(ana))
  assert.equal(begun.status, 202)
  const path = `/api/v1/jobs/${begun.body.jobId}`
  const done = await until(async () => {
    const { body } = await ask('GET', path, tokenOf(ana))
    return body.status === 'done' ? body : undefined
  })
  assert.deepEqual(done.result, { notes: 7 })
  assert.equal(done.kind, 'count')
  assert.equal((await ask('GET', path, tokenOf(olga))).body.code, 'job-not-found')
  assert.equal((await ask('GET', path)).status, 401)
  assert.equal((await ask('GET', `/api/v1/jobs/${newId('job', 1)}`, tokenOf(ana))).status, 404)
  assert.equal((await ask('GET', '/api/v1/jobs/7', tokenOf(ana))).body.errors[0]?.pointer, '/id')
})

test('operators see what runs', async () => {
  const { status, body } = await ask('GET', '/api/v1/ops/services', tokenOf(olga, ['admin']))
  assert.equal(status, 200)
  assert.equal(body.version, '1.2.3')
  const found = body.items.find(each => each.name === 'notes')
  assert.equal(found?.isReady, true)
  assert.equal(found?.operations, 2)
  assert.equal(found?.subscriptions[0]?.name, 'echo')
  const edge = body.items.find(each => each.name === 'gateway')
  assert.equal(edge?.subscriptions[0]?.name, 'revocations')
})

test('what is for operators is for nobody else', async () => {
  const paths = [
    'GET /api/v1/ops/services',
    'GET /api/v1/ops/dead-letters',
    'DELETE /api/v1/ops/dead-letters/notes.1',
  ]
  for (const each of paths) {
    const [method = '', path = ''] = each.split(' ')
    assert.equal((await ask(method, path)).status, 401, each)
    assert.equal((await ask(method, path, tokenOf(ana))).status, 403, each)
  }
})

test('dead letters are listed, retried and dropped across services', async () => {
  const asOperator = tokenOf(olga, ['admin'])
  const list = async (query = '') => (await ask('GET', `/api/v1/ops/dead-letters${query}`, asOperator)).body
  isBroken = true
  for (const text of ['a', 'b']) await ask('POST', '/api/v1/notes', tokenOf(ana), { text })
  const parked = await until(async () => {
    const { items } = await list()
    return items.length === 2 ? items : undefined
  })
  assert.match(parked[0]!.id, /^notes\.\d+$/)
  assert.equal(parked[0]!.subscription, 'echo')
  assert.match(parked[0]!.error ?? '', /the echo is broken/)
  assert.equal(parked[1]!.error, null, 'it waits for the first')

  const first = await list('?limit=1')
  assert.equal(first.items.length, 1)
  const second = await list(`?limit=1&cursor=${first.nextCursor}`)
  assert.deepEqual([...first.items, ...second.items], parked)
  assert.equal((await list('?cursor=nowhere.1')).code, 'invalid-cursor')

  isBroken = false
  const before = handled.length
  assert.equal((await ask('DELETE', `/api/v1/ops/dead-letters/${parked[1]!.id}`, asOperator)).status, 204)
  const retried = await ask('POST', `/api/v1/ops/dead-letters/${parked[0]!.id}/retry`, asOperator)
  assert.deepEqual(retried.body, { handled: 1, left: 0, error: null })
  assert.equal(handled.length, before + 1)
  assert.deepEqual(await list(), { items: [], nextCursor: null, prevCursor: null })
  for (const id of [parked[1]!.id, 'nowhere.1']) {
    const gone = await ask('POST', `/api/v1/ops/dead-letters/${id}/retry`, asOperator)
    assert.equal(gone.body.code, 'dead-letter-not-found')
  }
})

test('metrics are for operators and for this machine, not for whoever comes through a proxy', async () => {
  const metrics = await fetch(`${url}/metrics`)
  assert.equal(metrics.status, 200)
  const text = await metrics.text()
  assert.match(text, /plaza_http_requests_total\{method="GET",route="\/health\/ready",status="200"\} \d+/)
  assert.match(text, /plaza_operation_seconds_count\{operation="notes.write",outcome="ok"\} \d+/)
  assert.equal((await fetch(`${url}/metrics`, { headers: { 'x-forwarded-for': '1.2.3.4' } })).status, 401)
  assert.equal((await ask('GET', '/metrics', tokenOf(ana))).status, 403)
  assert.equal((await fetch(`${url}/metrics`, { headers: bearer(tokenOf(olga, ['admin'])) })).status, 200)
})

test('with a token of its own, metrics are for whoever has it', async () => {
  const config = toConfig({ PORT: '0', PLAZA_METRICS_TOKEN: 'sixteen-characters' })
  const log = makeLogger({ level: 'silent', pretty: false })
  const metrics = makeMetrics()
  const alone = await host({ services: [], databaseUrls: new Map(), config, log, metrics })
  const other = createGateway({ host: alone, config, log, metrics, version: '1' })
  const at = await other.listen()
  assert.equal((await fetch(`${at}/metrics`)).status, 401)
  assert.equal((await fetch(`${at}/metrics`, { headers: bearer('sixteen-letters-x') })).status, 401)
  assert.equal((await fetch(`${at}/metrics`, { headers: bearer('sixteen-characters') })).status, 200)
  await other.close()
})

test('the documentation needs nothing from elsewhere', async () => {
  const page = await fetch(`${url}/docs`)
  assert.match(page.headers.get('content-security-policy') ?? '', /script-src 'self'/)
  const html = await page.text()
  const used = [...html.matchAll(/(?:href|src)="([^"]+)"/g)].map(found => found[1]!)
  assert.ok(used.length >= 6)
  for (const each of used) {
    assert.match(each, /^\//, `${each} is on another server`)
    const file = await fetch(url + each)
    assert.equal(file.status, 200, each)
    await file.arrayBuffer()
  }
  assert.doesNotMatch(html, /<script>|style="|onclick/)
  const openApi = await get('/openapi.json')
  assert.equal(openApi.body.openapi, '3.1.0')
  assert.ok(openApi.body.paths['/api/v1/notes'])
})

test('every error code has its place in the documentation', async () => {
  const html = await (await fetch(`${url}/docs/errors`)).text()
  const codes = errorCodesOf(services.contracts)
  assert.ok(codes.length > 20)
  for (const { code } of codes) assert.ok(html.includes(`<tr id="${code}">`), code)
  const { body } = await get('/api/v1/nothing')
  assert.ok(html.includes(`id="${body.type.split('#')[1]}"`))
})

test('on its way out it is not ready', async () => {
  const config = toConfig({ PORT: '0' })
  const log = makeLogger({ level: 'silent', pretty: false })
  const metrics = makeMetrics()
  const alone = await host({ services: [], databaseUrls: new Map(), config, log, metrics })
  const leaving = createGateway({ host: alone, config, log, metrics, version: '1' })
  const at = await leaving.listen()
  const socket = connect(Number(new URL(at).port), '127.0.0.1')
  await new Promise(resolve => socket.once('connect', resolve))
  socket.write('GET /health/ready HTTP/1.1\r\nHost: x\r\n')
  await fetch(`${at}/health/live`)
  const closed = leaving.close()
  socket.write('\r\n')
  let answer = ''
  for await (const chunk of socket) answer += chunk
  await closed
  assert.match(answer, /^HTTP\/1.1 503 /)
  assert.match(answer, /Connection: close/i)
  assert.match(answer, /stopping/)
})

function tokenOf(userId: Identity['userId'], roles: Identity['roles'] = ['user']): string {
  const claims = { userId, sessionId: newId('session', 1), roles, revision: 1 }
  return signAccessToken({ kid: 'k1', privateKey }, claims, 'plaza')
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

/** What the tests read of JSON answers: each looks only at what its own operation gives. */
interface Body {
  readonly code: string
  readonly errors: { pointer: string }[]
  readonly type: string
  readonly status: string
  readonly parts: object[]
  readonly notReady: object[]
  readonly jobId: string
  readonly kind: string
  readonly result: unknown
  readonly version: string
  readonly nextCursor: string | null
  readonly openapi: string
  readonly paths: Record<string, object>
  readonly items: Item[]
}

interface Item {
  readonly id: string
  readonly name: string
  readonly isReady: boolean
  readonly operations: number
  readonly subscription: string
  readonly subscriptions: { name: string }[]
  readonly error: string | null
}

async function ask(method: string, path: string, token?: string, body?: object) {
  const headers = {
    ...(token !== undefined && bearer(token)),
    ...(body !== undefined && { 'content-type': 'application/json' }),
  }
  const answer = await fetch(url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) })
  const text = await answer.text()
  return { status: answer.status, body: (text.startsWith('{') ? JSON.parse(text) : {}) as Body }
}

const get = (path: string) => ask('GET', path)

async function until<T>(find: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await find()
    if (found !== undefined) return found
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
