import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { auth } from '@plaza/auth/contract'
import { createGateway } from '@plaza/gateway'
import { toConfig } from '@plaza/kernel/config'
import { contract } from '@plaza/kernel/contract'
import { toUuid } from '@plaza/kernel/data'
import { type ScratchDatabase, scratchDatabase } from '@plaza/kernel/scratch-database'
import { host, service } from '@plaza/kernel/service'
import { makeLogger, makeMetrics } from '@plaza/kernel/telemetry'
import { posts } from '@plaza/posts/contract'
import { privacy } from '@plaza/privacy/contract'
import { authService, privacyOver, usersService } from '@plaza/testing/services'
import { users } from '@plaza/users/contract'

let scratch: ScratchDatabase
let one: Awaited<ReturnType<typeof startGateway>>
let two: typeof one
let logged = ''

before(async () => {
  scratch = await scratchDatabase()
  one = await startGateway()
  two = await startGateway()
})
after(async () => {
  await two?.close()
  await one?.close()
  await scratch?.[Symbol.asyncDispose]()
})

/** A gateway with services of its own, on the one database: what one answers the other hears of. */
async function startGateway() {
  const silentPosts = service(contract(posts.name, {}, posts.events), undefined, () => ({ handlers: {} }))
  const services = [authService, usersService, silentPosts, privacyOver([users, privacy, auth], 60_000)]
  const config = toConfig({
    PLAZA_SECRET: 'a secret for tests only, 32 letters',
    PLAZA_BCRYPT_COST: '10',
    PORT: '0',
    DATABASE_CONNECTIONS: '2',
  })
  const to = {
    write: (line: string) => {
      logged += line
    },
  }
  const log = makeLogger({ level: 'debug', pretty: false, to })
  const metrics = makeMetrics()
  const databaseUrls = await scratch.migrate(
    services.map(each => ({ name: each.contract.name, migrations: each.migrations })),
  )
  const running = await host({ services, databaseUrls, config, log, metrics })
  const gateway = createGateway({ host: running, config, log, metrics, version: '1.2.3' })
  await running.start()
  const url = await gateway.listen()
  const ask = async (method: string, path: string, token?: string, body?: unknown) => {
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }
  const close = async () => {
    await gateway.close()
    await running.stop()
  }
  return { url, ask, close }
}

let made = 0
async function register() {
  const username = `person_${++made}`
  const person = { email: `${username}@example.com`, username, password: 'correct horse battery' }
  const { status, body } = await one.ask('POST', '/api/v1/auth/register', undefined, person)
  assert.equal(status, 201)
  return body as { user: { id: string; email: string }; accessToken: string; refreshToken: string }
}

async function ended(token: string, jobId: string) {
  return until(async () => {
    const { status, body } = await one.ask('GET', `/api/v1/jobs/${jobId}`, token)
    assert.equal(status, 200)
    return body.status === 'done' ? body : undefined
  })
}

test('an archive is read by its link, without a token, and the link stands in no log', async () => {
  const ana = await register()
  const ordered = await one.ask('POST', '/api/v1/users/me/export', ana.accessToken)
  assert.equal(ordered.status, 202)
  const { result } = await ended(ana.accessToken, ordered.body.jobId)
  const response = await fetch(one.url + result.url)
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'application/gzip')
  assert.match(
    response.headers.get('content-disposition') ?? '',
    /attachment; filename="plaza-export.jsonl.gz"/,
  )
  assert.equal(response.headers.get('cache-control'), 'no-store')
  const bytes = Buffer.from(await response.arrayBuffer())
  assert.equal(bytes.length, result.bytes)
  assert.ok(gunzipSync(bytes).toString().includes(ana.user.email))
  const head = await fetch(one.url + result.url, { method: 'HEAD' })
  assert.equal(head.headers.get('content-length'), String(result.bytes))

  assert.equal((await one.ask('POST', result.url)).status, 405)
  const token = result.url.split('/').at(-1) as string
  const other = `${token[0] === 'a' ? 'b' : 'a'}${token.slice(1)}`
  const missing = await one.ask('GET', `/api/v1/exports/${other}`)
  assert.deepEqual([missing.status, missing.body.code], [404, 'archive-not-found'])
  assert.equal((await one.ask('GET', '/api/v1/exports/short')).status, 404)
  assert.match(logged, /\/api\/v1\/exports\/…/)
  assert.ok(!logged.includes(token) && !logged.includes(other))
})

test('an archive that cannot be had to its end is cut off, so that nobody takes a part for the whole', async () => {
  const ana = await register()
  const ordered = await one.ask('POST', '/api/v1/users/me/export', ana.accessToken)
  const { result } = await ended(ana.accessToken, ordered.body.jobId)
  const owner = await scratch.connect()
  const deleted = await owner.query('delete from privacy.export_chunks where export_id = $1 and number = 1', [
    toUuid(ordered.body.jobId),
  ])
  assert.equal(deleted.rowCount, 1)
  const response = await fetch(one.url + result.url)
  assert.equal(response.status, 200)
  await assert.rejects(response.arrayBuffer())
})

test('from DELETE /users/me on, the token in hand reads its job and asks again, and does nothing else: here at once, elsewhere within a second', async () => {
  const ana = await register()
  const ben = await register()
  const { accessToken } = ana
  const begun = await one.ask('DELETE', '/api/v1/users/me', accessToken)
  assert.equal(begun.status, 202)
  const { jobId } = begun.body
  for (const path of ['/api/v1/users/me', `/api/v1/users/${ben.user.id}`, '/api/v1/users?username=x'])
    assert.equal((await one.ask('GET', path, accessToken)).status, 401, path)
  assert.equal((await one.ask('PATCH', '/api/v1/users/me', accessToken, { bio: 'x' })).status, 401)
  assert.equal((await one.ask('POST', '/api/v1/users/me/export', accessToken)).status, 401)
  const refreshed = await one.ask('POST', '/api/v1/auth/refresh', undefined, {
    refreshToken: ana.refreshToken,
  })
  assert.equal(refreshed.status, 401)
  const began = performance.now()
  await until(async () => (await two.ask('GET', '/api/v1/users/me', accessToken)).status === 401 || undefined)
  assert.ok(performance.now() - began < 1_000)

  const job = await ended(accessToken, jobId)
  assert.deepEqual(
    job.result.map((each: { service: string }) => each.service),
    ['users', 'privacy', 'auth'],
  )
  for (const { ask } of [one, two]) {
    assert.deepEqual(await ask('DELETE', '/api/v1/users/me', accessToken), { status: 202, body: { jobId } })
    assert.equal((await ask('GET', `/api/v1/jobs/${jobId}`, accessToken)).status, 200)
  }
  const others = await one.ask('GET', `/api/v1/jobs/${jobId}`, ben.accessToken)
  assert.equal(others.status, 404)
  assert.equal((await one.ask('DELETE', '/api/v1/users/me')).status, 401)
})

test('a gateway that starts later knows whose account is being erased', async () => {
  const ana = await register()
  const { body } = await one.ask('DELETE', '/api/v1/users/me', ana.accessToken)
  await ended(ana.accessToken, body.jobId)
  await two.close()
  two = await startGateway()
  assert.equal((await two.ask('GET', '/api/v1/users/me', ana.accessToken)).status, 401)
  assert.equal((await two.ask('GET', `/api/v1/jobs/${body.jobId}`, ana.accessToken)).status, 200)
})

async function until<T>(find: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + 20_000
  for (;;) {
    const found = await find()
    if (found !== undefined) return found
    if (Date.now() > end) throw new Error(`After 20 s there is still no ${find}`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}
