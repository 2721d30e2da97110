import assert from 'node:assert/strict'
import { expectProblem, expectStatus } from '../expectations.ts'
import type { Answer } from '../http-answer.ts'
import { idShape, type Page, type Post } from '../shapes.ts'
import type { Cases } from '../suite.ts'

export const conventions: Cases = {
  'every answer names its request; an id that was sent comes back': async world => {
    const { api } = world
    const paths = ['/timelines/public', '/users/me', '/nowhere', '/health/live', '/openapi.json']
    const answers = await Promise.all(paths.map(path => api.get(path)))
    const ids = answers.map(each => String(each.headers['x-request-id']))
    for (const id of ids) assert.match(id, /^[\w.:-]{1,100}$/)
    assert.equal(new Set(ids).size, ids.length)
    const headers = { 'X-Request-Id': 'my-request.42' }
    for (const path of paths)
      assert.equal((await api.get(path, { headers })).headers['x-request-id'], 'my-request.42')
    const forged = await api.get('/users/me', { headers: { 'X-Request-Id': '{"level":"fatal"}\\n' } })
    assert.match(String(forged.headers['x-request-id']), /^[\w.:-]{1,100}$/)
    expectProblem(forged, 401, 'unauthenticated')
  },

  'a traceparent is taken, a malformed one is passed over': async world => {
    for (const traceparent of [
      '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      '00-00000000000000000000000000000000-0000000000000000-00',
      'nonsense',
      'x'.repeat(2_000),
    ])
      expectStatus(await world.api.get('/timelines/public', { headers: { traceparent } }), 200)
  },

  'answers say what is left of the quota, and for whom': async world => {
    const ana = await world.person()
    const asPerson = await world.api.get('/users/me', { as: ana })
    const { left, quota, window, name } = rateLimitOf(asPerson)
    assert.equal(name, 'person')
    assert.ok(left >= 0 && left < quota && window > 0)
    assert.equal(rateLimitOf(await world.api.get('/timelines/public')).name, 'address')
    assert.equal(rateLimitOf(await world.api.get('/nowhere')).name, 'address')
  },

  'a problem has type, title, status, detail, code and requestId': async world => {
    const problem = expectProblem(await world.api.post('/auth/register', {}), 400, 'invalid-input', '/email')
    assert.deepEqual(Object.keys(problem).sort(), [
      'code',
      'detail',
      'errors',
      'requestId',
      'status',
      'title',
      'type',
    ])
    for (const each of problem.errors ?? []) assert.deepEqual(Object.keys(each).sort(), ['detail', 'pointer'])
    const docs = await world.api.get(new URL(problem.type, 'http://x').pathname)
    assert.match(expectStatus(docs, 200).headers['content-type'] ?? '', /html/)
  },

  'what is not there is 404, a wrong method 405 with what goes': async world => {
    const ana = await world.person()
    for (const path of [
      '/nowhere',
      '/posts/x/y/z',
      '/auth',
      '/',
      '/users/',
      '/posts//edits',
      '/../etc/passwd',
    ])
      expectProblem(await world.api.get(path, { as: ana }), 404, 'not-found')
    for (const [method, path] of [
      ['DELETE', '/posts'],
      ['PUT', '/posts/post_01h455vb4pex5vsknk084sn02q'],
      ['GET', '/auth/login'],
      ['PATCH', '/timelines/home'],
    ] as const) {
      const answer = await world.api.request(method, path, undefined, { as: ana })
      expectProblem(answer, 405, 'method-not-allowed')
      assert.ok(answer.headers.allow)
    }
  },

  'operations between services are not there for clients': async world => {
    const admin = await world.admin()
    for (const path of ['/rpc', '/api/v1/rpc', '/api/v1/auth/accounts', '/api/v1/posts/$pullEvents'])
      for (const method of ['GET', 'POST']) {
        const { status } = await world.api.request(method, path, method === 'POST' ? {} : undefined, {
          as: admin,
        })
        // `/posts/{id}` takes the last for an id, and refuses it.
        assert.ok([400, 404, 405].includes(status), `${method} ${path} ${status}`)
      }
    assert.ok(!JSON.stringify(world.document).includes('pullEvents'))
  },

  'HEAD is as GET, without the body': async world => {
    const ana = await world.person()
    const { id } = await world.post(ana, 'x')
    const head = await world.api.request('HEAD', `/posts/${id}`)
    assert.equal(head.status, 200)
    assert.equal(head.text, '')
    assert.ok(head.headers.etag)
  },

  'answers make browsers careful': async world => {
    for (const path of ['/timelines/public', '/users/me', '/nowhere']) {
      const { headers } = await world.api.get(path)
      assert.equal(headers['x-content-type-options'], 'nosniff')
      assert.match(String(headers['content-security-policy']), /default-src 'none'/)
      assert.match(String(headers['content-security-policy']), /frame-ancestors 'none'/)
      assert.equal(headers['x-powered-by'], undefined)
      assert.equal(headers.server, undefined)
    }
  },

  'web pages of configured origins may call, those of others may not': async world => {
    const { allowedOrigin } = world.topology
    const ask = (Origin: string) =>
      world.api.request('OPTIONS', '/posts', undefined, {
        headers: {
          Origin,
          'Access-Control-Request-Method': 'POST',
          'Access-Control-Request-Headers': 'authorization,content-type,idempotency-key',
        },
      })
    const allowed = await ask(allowedOrigin)
    assert.equal(allowed.headers['access-control-allow-origin'], allowedOrigin)
    assert.match(String(allowed.headers['access-control-allow-methods']), /POST/)
    assert.match(String(allowed.headers['access-control-allow-headers']), /idempotency-key/i)
    assert.notEqual(
      (await ask('https://evil.example')).headers['access-control-allow-origin'],
      'https://evil.example',
    )
    const answer = await world.api.get('/timelines/public', { headers: { Origin: allowedOrigin } })
    assert.equal(answer.headers['access-control-allow-origin'], allowedOrigin)
    assert.match(String(answer.headers['access-control-expose-headers']), /etag/i)
    assert.match(String(answer.headers.vary), /Origin/i)
    const refused = await world.api.get('/timelines/public', { headers: { Origin: 'https://evil.example' } })
    assert.notEqual(refused.headers['access-control-allow-origin'], 'https://evil.example')
    assert.notEqual(refused.headers['access-control-allow-origin'], '*')
    const failed = await world.api.get('/users/me', { headers: { Origin: allowedOrigin } })
    assert.equal(expectStatus(failed, 401).headers['access-control-allow-origin'], allowedOrigin)
  },

  'ids are TypeIDs that grow with time': async world => {
    const ana = await world.person()
    const ids: string[] = []
    for (let n = 0; n < 5; n++) ids.push((await world.post(ana, `post ${n}`)).id)
    for (const id of ids) assert.match(id, idShape('post'))
    assert.deepEqual(ids, ids.toSorted())
  },

  'own writes are exact at once, each of many': async world => {
    const ana = await world.person()
    for (let n = 0; n < 20; n++) {
      const post = await world.post(ana, `post ${n}`)
      expectStatus(await world.api.get(`/posts/${post.id}`, { as: ana }), 200)
      const { body } = expectStatus(await world.api.get<Page<Post>>(`/users/${ana.id}/posts?limit=1`), 200)
      assert.equal(body.items[0]?.id, post.id)
    }
  },
}

function rateLimitOf({ headers }: Answer) {
  const [, name, left] = /^"(\w+)";r=(\d+);t=\d+$/.exec(String(headers.ratelimit)) ?? []
  const [, policy, quota, window] =
    /^"(\w+)";q=(\d+);w=(\d+)$/.exec(String(headers['ratelimit-policy'])) ?? []
  assert.ok(name !== undefined && name === policy, JSON.stringify(headers))
  return { name, left: Number(left), quota: Number(quota), window: Number(window) }
}
