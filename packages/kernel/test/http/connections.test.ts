import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, test } from 'node:test'
import { asAna, postId, problemOf, seen, serve, stage, until } from './edge-under-test.ts'

const { server, url } = await serve()
after(() => server.close(100))

test('more than the quota is 429, told when to come back, for the person or the address', async () => {
  const small = await serve({ PLAZA_RATE_LIMIT: '3' })
  const get = (headers = {}) => fetch(`${small.url}/api/v1/posts/${postId}`, { headers })
  for (let i = 0; i < 3; i++) assert.equal((await get()).status, 200)
  const refused = await get()
  assert.ok(Number(refused.headers.get('retry-after')) >= 1)
  assert.equal((await problemOf(refused, 429)).code, 'too-many-requests')
  assert.equal((await get({ 'x-forwarded-for': '10.1.1.1' })).status, 429)
  await problemOf(await fetch(`${small.url}/nowhere`), 429)
  assert.equal((await get({ authorization: 'Bearer forged' })).status, 429)
  for (let i = 0; i < 3; i++) assert.equal((await get(asAna)).status, 200)
  assert.equal((await get(asAna)).status, 429)
  await small.server.close(100)
})

test('forwarding headers are believed only from trusted proxies', async () => {
  const behind = await serve({ PLAZA_TRUSTED_PROXIES: '127.0.0.1' })
  const forwarded = { 'x-forwarded-for': '6.6.6.6, 203.0.113.7' }
  await fetch(`${behind.url}/api/v1/posts/${postId}`, { headers: forwarded })
  assert.equal(seen.at(-1)?.context.address, '203.0.113.7')
  await fetch(`${url}/api/v1/posts/${postId}`, { headers: forwarded })
  assert.equal(seen.at(-1)?.context.address, '127.0.0.1')
  await behind.server.close(100)
})

test('CORS is off unless configured, and then for those origins alone', async () => {
  const origin = { origin: 'https://shop.example' }
  const off = await fetch(`${url}/api/v1/posts/${postId}`, { headers: origin })
  assert.equal(off.headers.get('access-control-allow-origin'), null)
  const on = await serve({ PLAZA_CORS_ORIGINS: 'https://shop.example' })
  const allowed = await fetch(`${on.url}/api/v1/posts/${postId}`, { headers: origin })
  assert.equal(allowed.headers.get('access-control-allow-origin'), 'https://shop.example')
  assert.equal(allowed.headers.get('vary'), 'Authorization, Origin')
  const other = await fetch(`${on.url}/api/v1/posts/${postId}`, {
    headers: { origin: 'https://evil.example' },
  })
  assert.equal(other.headers.get('access-control-allow-origin'), null)
  const preflight = await fetch(`${on.url}/api/v1/posts`, {
    method: 'OPTIONS',
    headers: { ...origin, 'access-control-request-method': 'POST' },
  })
  assert.equal(preflight.status, 204)
  assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /Idempotency-Key/)
  await on.server.close(100)
})

test('connections are bounded, and those that send nothing are cut off in time', async () => {
  const small = await serve({ PLAZA_MAX_CONNECTIONS: '2' })
  const held = [small.open(), small.open()]
  await Promise.all(held.map(each => new Promise(resolve => each.once('connect', resolve))))
  const third = small.open()
  await new Promise(resolve => third.on('error', () => {}).once('close', resolve))
  for (const each of held) each.destroy()
  const { headersTimeout, requestTimeout } = small.server.app.server
  assert.ok(headersTimeout > 0 && headersTimeout <= 15_000)
  assert.ok(requestTimeout > 0 && requestTimeout <= 60_000)
  await small.server.close(100)
})

test('a client that goes away aborts what runs for it', async () => {
  const leaving = new AbortController()
  const gone = fetch(`${url}/api/v1/slow`, { signal: leaving.signal }).catch(error => error)
  const running = await until(() => seen.findLast(each => each.name === 'slow'))
  const aborted = new Promise(resolve => running.context.signal.addEventListener('abort', resolve))
  leaving.abort()
  await Promise.all([gone, aborted])
})

test('closing lets running requests finish and takes no new connections', async () => {
  const closing = await serve()
  const began = seen.length
  const running = fetch(`${closing.url}/api/v1/slow`)
  await until(() => seen[began])
  const closed = closing.server.close(5_000)
  await assert.rejects(until(async () => (await fetch(`${closing.url}/api/v1/posts/${postId}`)) && undefined))
  stage.answerSlow()
  const answer = await running
  assert.equal(answer.status, 200)
  assert.equal(answer.headers.get('connection'), 'close')
  await closed
})

test('a request on its way while closing begins is answered, and its connection is told to go', async () => {
  const closing = await serve()
  const socket = connect(Number(new URL(closing.url).port), '127.0.0.1').setEncoding('utf8')
  const answered = () => once(socket, 'data').then(([text]) => String(text))
  const ask = () => socket.write(`GET /api/v1/posts/${postId} HTTP/1.1\r\nHost: plaza\r\n\r\n`)
  ask()
  assert.doesNotMatch(await answered(), /connection: close/i)
  const closed = closing.server.close(5_000)
  const ended = once(socket, 'close')
  ask()
  assert.match(await answered(), /^HTTP\/1.1 200 [\s\S]*connection: close/i)
  await Promise.all([closed, ended])
})

test('closing cuts off what does not finish in time', async () => {
  const closing = await serve()
  const began = seen.length
  const running = fetch(`${closing.url}/api/v1/slow`).catch(() => 'cut')
  await until(() => seen[began])
  await closing.server.close(50)
  assert.equal(await running, 'cut')
})
