import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { ana, aPost, asAna, json, postId, problemOf, seen, serve, stage } from './edge-under-test.ts'

const { server, url, post } = await serve()
after(() => server.close(100))

test('a resource comes with its type, ETag, id and caching for everybody', async () => {
  const answer = await fetch(`${url}/api/v1/posts/${postId}`)
  assert.equal(answer.status, 200)
  assert.deepEqual(await answer.json(), aPost)
  assert.equal(answer.headers.get('content-type'), 'application/json')
  assert.match(answer.headers.get('etag') ?? '', /^"3-[\w-]{16}"$/)
  assert.match(answer.headers.get('x-request-id') ?? '', /./)
  assert.equal(answer.headers.get('cache-control'), 'public, max-age=2')
  assert.equal(answer.headers.get('vary'), 'Authorization')
  assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
  assert.equal(answer.headers.get('content-security-policy'), "default-src 'none'; frame-ancestors 'none'")
  assert.equal(answer.headers.get('referrer-policy'), 'no-referrer')
  assert.equal(answer.headers.get('cross-origin-resource-policy'), 'same-origin')
  assert.match(answer.headers.get('ratelimit') ?? '', /^"address";r=\d+;t=\d+$/)
  assert.equal(answer.headers.get('ratelimit-policy'), '"address";q=600000;w=60')
})

test('whoever sends a token gets private answers and a quota of their own', async () => {
  for (const token of ['ana', 'slow-ana']) {
    const answer = await fetch(`${url}/api/v1/posts/${postId}`, {
      headers: { authorization: `Bearer ${token}` },
    })
    assert.equal(answer.headers.get('cache-control'), 'private, no-cache')
    assert.match(answer.headers.get('ratelimit') ?? '', /^"person"/)
    assert.equal(seen.at(-1)?.context.identity, ana)
    assert.equal(seen.at(-1)?.context.caller, 'edge')
  }
})

test('If-None-Match answers 304 without a body', async () => {
  const { headers } = await fetch(`${url}/api/v1/posts/${postId}`)
  const etag = headers.get('etag') ?? ''
  for (const known of [etag, `W/${etag}`, `"1-x", ${etag}`, '*']) {
    const answer = await fetch(`${url}/api/v1/posts/${postId}`, { headers: { 'if-none-match': known } })
    assert.equal(answer.status, 304, known)
    assert.equal(answer.headers.get('etag'), etag)
    assert.equal(await answer.text(), '')
  }
  const changed = await fetch(`${url}/api/v1/posts/${postId}`, { headers: { 'if-none-match': '"2-abc"' } })
  assert.equal(changed.status, 200)
})

test('HEAD answers as GET does, without the body', async () => {
  const answer = await fetch(`${url}/api/v1/posts/${postId}`, { method: 'HEAD' })
  assert.equal(answer.status, 200)
  assert.ok(Number(answer.headers.get('content-length')) > 50)
  assert.equal(await answer.text(), '')
})

test('If-Match carries the version to the operation', async () => {
  const patch = (tag: string) =>
    fetch(`${url}/api/v1/posts/${postId}`, {
      method: 'PATCH',
      body: '{"text":"new"}',
      headers: { ...asAna, ...json, 'if-match': tag },
    })
  assert.equal((await patch('"3-whatever_hash"')).status, 200)
  assert.deepEqual(seen.at(-1)?.input, { text: 'new', id: postId, ifVersion: 3 })
  assert.equal((await patch('W/"3-compressed"')).status, 200)
  assert.equal((await patch('*')).status, 200)
  assert.equal((await patch('"2-x"')).status, 412)
  assert.equal((await patch('"made-up"')).status, 412)
  assert.equal((await patch('"3-a", "4-b"')).status, 400)
})

test('query parameters are read by schema', async () => {
  const answer = await fetch(`${url}/api/v1/posts?limit=5&tag=a&tag=b+c&replies=true&price[gte]=100`)
  assert.equal(answer.status, 200)
  assert.deepEqual(seen.at(-1)?.input, { limit: 5, tag: ['a', 'b c'], replies: true, price: { gte: 100 } })
})

test('a page links to its neighbours by the same request', async () => {
  const answer = await fetch(`${url}/api/v1/posts?limit=1&cursor=old&tag=%3C%3E`)
  assert.equal(answer.headers.get('link'), '</api/v1/posts?limit=1&tag=%3C%3E&cursor=n%2F1>; rel="next"')
})

test('a created thing is 201, a deleted one 204', async () => {
  assert.equal((await post('/api/v1/posts', '{"text":"a"}')).status, 201)
  const gone = await fetch(`${url}/api/v1/posts/${postId}`, { method: 'DELETE', headers: asAna })
  assert.equal(gone.status, 204)
  assert.equal(gone.headers.get('content-type'), null)
})

test('an Idempotency-Key travels with its owner and the hash of the request', async () => {
  const first = await post('/api/v1/posts', '{"text":"a"}', { 'idempotency-key': 'k1' })
  assert.equal(first.headers.get('idempotency-replayed'), null)
  const key = seen.at(-1)?.context.idempotency
  assert.deepEqual(key && { ...key, requestHash: key.requestHash.length }, {
    owner: ana.userId,
    operation: 'posts.create',
    key: 'k1',
    requestHash: 64,
  })
  await post('/api/v1/posts', '{ "text" : "a" }', { 'idempotency-key': 'k1' })
  assert.equal(seen.at(-1)?.context.idempotency?.requestHash, key?.requestHash)
  await post('/api/v1/posts', '{"text":"b"}', { 'idempotency-key': 'k1' })
  assert.notEqual(seen.at(-1)?.context.idempotency?.requestHash, key?.requestHash)
  const again = await post('/api/v1/posts', '{"text":"a"}', { 'idempotency-key': 'seen' })
  assert.equal(again.headers.get('idempotency-replayed'), 'true')
})

test('a declared failure is a problem with its code, title and a page that explains it', async () => {
  const other = 'post_01h455vb4pex5vsknk084sn000'
  const problem = await problemOf(await fetch(`${url}/api/v1/posts/${other}`), 404)
  assert.deepEqual(
    { ...problem, requestId: '' },
    {
      type: '/docs/errors#post-not-found',
      title: 'There is no such post',
      status: 404,
      detail: `There is no post ${other}.`,
      code: 'post-not-found',
      requestId: '',
    },
  )
})

test('a role that the token does not know yet is asked for before refusing', async () => {
  const before = stage.confirmed
  const answer = await post('/api/v1/posts', '{"text":"a"}', { authorization: 'Bearer new-ana' })
  assert.equal(answer.status, 201)
  assert.equal(stage.confirmed, before + 1)
  assert.deepEqual(seen.at(-1)?.context.identity?.roles, ['user'])
})

test('an unexpected failure says nothing and is logged once, with the request id', async () => {
  const lines: string[] = []
  const pino = (await import('pino')).default
  const log = pino({ level: 'info' }, { write: line => lines.push(line) })
  const other = await serve({}, log)
  const answer = await fetch(`${other.url}/api/v1/broken?`, { headers: { 'x-request-id': 'mine-1' } })
  const problem = await problemOf(answer, 500)
  assert.equal(problem.code, 'internal-error')
  assert.doesNotMatch(JSON.stringify(problem), /SQL/)
  assert.equal(lines.length, 1)
  assert.match(lines[0] ?? '', /secret SQL/)
  assert.match(lines[0] ?? '', /mine-1/)
  await other.server.close(100)
})

test('a sane X-Request-Id is kept, another one replaced', async () => {
  const idOf = async (given: string) =>
    (await fetch(`${url}/api/v1/posts/${postId}`, { headers: { 'x-request-id': given } })).headers.get(
      'x-request-id',
    )
  assert.equal(await idOf('abc-123'), 'abc-123')
  assert.notEqual(await idOf('a b'), 'a b')
  assert.notEqual(await idOf('x'.repeat(200)), 'x'.repeat(200))
})

test('traceparent is honoured when it is one', async () => {
  const valid = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  await fetch(`${url}/api/v1/posts/${postId}`, { headers: { traceparent: valid } })
  assert.equal(seen.at(-1)?.context.traceparent, valid)
  await fetch(`${url}/api/v1/posts/${postId}`, { headers: { traceparent: '00-zz-01' } })
  assert.equal(seen.at(-1)?.context.traceparent, undefined)
})
