import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { asAna, json, postId, problemOf, seen, serve } from './edge-under-test.ts'

const { server, url, post, raw, open } = await serve()
after(() => server.close(100))

test('the version comes from If-Match only', async () => {
  const body = JSON.stringify({ text: 'new', ifVersion: 3, id: postId })
  const answer = await fetch(`${url}/api/v1/posts/${postId}`, {
    method: 'PATCH',
    body,
    headers: { ...asAna, ...json },
  })
  const problem = await problemOf(answer, 400)
  assert.deepEqual(problem.errors, [
    { pointer: '/id', detail: 'belongs in the path' },
    { pointer: '/ifVersion', detail: 'is the If-Match header, not part of the body' },
  ])
})

test('wrong, repeated and unknown query parameters are refused with pointers', async () => {
  const wrong = await problemOf(await fetch(`${url}/api/v1/posts?limit=101&replies=maybe`), 400)
  assert.equal(wrong.code, 'invalid-input')
  assert.deepEqual(wrong.errors, [
    { pointer: '/limit', detail: 'must be a whole number from 1 to 100, not 101' },
    { pointer: '/replies', detail: 'must be true or false, not "maybe"' },
  ])
  const mixed = await problemOf(
    await fetch(`${url}/api/v1/posts?limit=1&limit=2&colour=red&__proto__=x`),
    400,
  )
  assert.deepEqual(
    mixed.errors?.map(each => each.pointer),
    ['/limit', '/colour', '/__proto__'],
  )
  for (const bad of [
    '?limit=1e3',
    '?limit=0x10',
    '?limit=',
    '?limit=99999999999999999999',
    '?cursor=%FF',
    '?%',
  ]) {
    await problemOf(await fetch(`${url}/api/v1/posts${bad}`), 400)
  }
  const nul = await problemOf(await fetch(`${url}/api/v1/posts?cursor=a%00b`), 400)
  assert.deepEqual(nul.errors, [{ pointer: '/cursor', detail: 'must not contain NUL' }])
})

test('an Idempotency-Key is visible ASCII, and there where it must be', async () => {
  for (const key of ['', 'a b', 'x'.repeat(256), 'ä']) {
    await problemOf(await post('/api/v1/posts', '{"text":"a"}', { 'idempotency-key': key }), 400)
  }
  const missing = await problemOf(await post('/api/v1/orders', '{}'), 400)
  assert.equal(missing.code, 'idempotency-key-required')
  const given = await post('/api/v1/orders', '{}', { 'idempotency-key': 'k' })
  assert.equal(given.status, 200)
  assert.equal(given.headers.get('cache-control'), 'no-store')
})

test('a body that is not JSON in UTF-8 is refused', async () => {
  for (const body of ['', '{', '{"text":}', '[1,2', 'text', '{"text":"a"}x', '\u0000']) {
    await problemOf(await post('/api/v1/posts', body), 400)
  }
  const latin1 = await problemOf(await post('/api/v1/posts', Buffer.from('{"text":"\xe4"}', 'latin1')), 400)
  assert.equal(latin1.detail, 'The body is not UTF-8.')
  const secret = await problemOf(await post('/api/v1/posts', '{"password":"hunter2"'), 400)
  assert.doesNotMatch(JSON.stringify(secret), /hunter2/)
  for (const body of ['[]', '"text"', 'null', '7', 'true']) {
    const whole = await problemOf(await post('/api/v1/posts', body), 400)
    assert.equal(whole.errors?.[0]?.pointer, '')
  }
})

test('NUL, lone surrogates and __proto__ in a body are refused', async () => {
  for (const text of ['a\\u0000', '\\ud800', '\\udc00 \\ud800']) {
    const problem = await problemOf(await post('/api/v1/posts', `{"text":"${text}"}`), 400)
    assert.equal(problem.errors?.[0]?.pointer, '/text')
  }
  for (const name of ['__proto__', 'constructor']) {
    const problem = await problemOf(await post('/api/v1/posts', `{"text":"a","${name}":{"x":1}}`), 400)
    assert.equal(problem.errors?.[0]?.pointer, `/${name}`)
  }
  assert.equal((await post('/api/v1/posts', '{"text":"a","text":"b"}')).status, 201)
})

test('deeply nested bodies are refused, with and without an Idempotency-Key', async () => {
  const body = `{"text":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
  await problemOf(await post('/api/v1/posts', body), 400)
  await problemOf(await post('/api/v1/posts', body, { 'idempotency-key': 'deep' }), 400)
})

test('a body over 1 MiB is 413, one of another type 415, and the connection goes', async () => {
  const large = await problemOf(await post('/api/v1/posts', `{"text":"${'x'.repeat(1_100_000)}"}`), 413)
  assert.equal(large.code, 'too-large')
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml', '']) {
    await problemOf(await post('/api/v1/posts', '{"text":"a"}', { 'content-type': type }), 415)
  }
  const withCharset = await post('/api/v1/posts', '{"text":"a"}', {
    'content-type': 'application/json; charset=utf-8',
  })
  assert.equal(withCharset.status, 201)
})

test('there is nothing at unknown addresses, whatever is sent there', async () => {
  const problem = await problemOf(await fetch(`${url}/api/v1/nothing`), 404)
  assert.equal(problem.code, 'not-found')
  await problemOf(await post('/api/v1/nothing', 'x', { 'content-type': 'text/plain' }), 404)
  await problemOf(await fetch(`${url}/api/v1/posts/`), 404)
  await problemOf(await fetch(`${url}/api/v1/posts/%E0%A4%A`), 400)
})

test('a method that a path does not have is 405 with those it has', async () => {
  const answer = await fetch(`${url}/api/v1/posts/${postId}`, { method: 'PUT', headers: asAna })
  assert.equal(answer.headers.get('allow'), 'DELETE, GET, HEAD, PATCH')
  await problemOf(answer, 405)
  const options = await fetch(`${url}/api/v1/posts`, { method: 'OPTIONS' })
  assert.equal(options.status, 204)
  assert.equal(options.headers.get('allow'), 'GET, HEAD, POST')
})

test('a token that is refused is 401 on public routes too, and says so', async () => {
  const answer = await fetch(`${url}/api/v1/posts/${postId}`, { headers: { authorization: 'Bearer forged' } })
  assert.equal(answer.headers.get('www-authenticate'), 'Bearer error="invalid_token"')
  await problemOf(answer, 401)
})

test('what is no HTTP, or has too large headers, gets a problem and the connection ends', async () => {
  assert.match(await raw('nonsense\r\n\r\n'), /^HTTP\/1.1 400 [\s\S]*"code":"invalid-input"/)
  const huge = `GET / HTTP/1.1\r\nHost: x\r\nX-Big: ${'a'.repeat(20_000)}\r\n\r\n`
  assert.match(await raw(huge), /^HTTP\/1.1 431 [\s\S]*"code":"header-too-large"/)
  assert.match(await raw(`GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`), /^HTTP\/1.1 431 /)
})

test('a body that is too large without saying so is cut off', async () => {
  const head =
    'POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n'
  const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`
  assert.match(await raw(head + chunk.repeat(17)), /^HTTP\/1.1 413 [\s\S]*Connection: close/)
})

test('a body that ends too early changes nothing, and the server goes on', async () => {
  const before = seen.length
  const socket = open()
  const head = `POST /api/v1/posts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ana\r\nContent-Type: application/json\r\n`
  socket.write(`${head}Content-Length: 100\r\n\r\n{"text":"a"}`)
  await new Promise(resolve => setTimeout(resolve, 20))
  socket.resetAndDestroy()
  assert.equal((await fetch(`${url}/api/v1/posts/${postId}`)).status, 200)
  assert.equal(seen.slice(before).filter(each => each.name === 'create').length, 0)
})
