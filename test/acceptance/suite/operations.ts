import assert from 'node:assert/strict'
import { assertTellsNothing, expectProblem, expectStatus } from '../expectations.ts'
import type { Page } from '../shapes.ts'
import type { Cases } from '../suite.ts'
import type { World } from '../world.ts'

/** What Prometheus gathers: each process tells its own. */
async function everyMetric(world: World): Promise<string> {
  const { text, headers } = expectStatus(await world.api.get('/metrics'), 200)
  assert.match(String(headers['content-type']), /^text\/plain/)
  const { furtherUrls = [], processUrls = [] } = world.topology
  const others = [...furtherUrls, ...processUrls].map(async url => {
    const answer = await fetch(`${url}/metrics`)
    assert.equal(answer.status, 200, url)
    return answer.text()
  })
  return [text, ...(await Promise.all(others))].join('\n')
}

const everyService = ['auth', 'users', 'posts', 'timelines', 'search', 'moderation', 'privacy', 'analytics']

export const operations: Cases = {
  'it says that it lives, and which parts are ready': async world => {
    expectStatus(await world.api.get('/health/live'), 200)
    type Readiness = { status: string; parts: { name: string; status: string }[] }
    const { body, text } = expectStatus(await world.api.get<Readiness>('/health/ready'), 200)
    assert.equal(body.status, 'ready')
    for (const name of everyService)
      assert.equal(body.parts.find(each => each.name === name)?.status, 'ready', text)
    assertTellsNothing(text)
  },

  'metrics are for Prometheus: requests by operation, pools, queues, lag, event loop': async world => {
    await world.api.get('/timelines/public')
    const text = await everyMetric(world)
    for (const line of text.split('\n').filter(each => each !== ''))
      assert.match(line, /^(# (HELP|TYPE) |[a-zA-Z_:][\w:]*(\{.*\})? [-+\w.]+( \d+)?$)/)
    for (const name of [
      'method="GET",route="/api/v1/timelines/public",status="200"',
      'plaza_pool',
      'plaza_group_waiting',
      'plaza_events_behind',
      'plaza_jobs_running',
      'plaza_operation_seconds',
      'nodejs_eventloop_lag',
    ])
      assert.ok(text.includes(name), name)
    assert.doesNotMatch(text, /user_[0-7]|post_[0-7]/, 'labels must not grow with people or posts')
  },

  'metrics are not for strangers': async world => {
    const ana = await world.person()
    expectProblem(
      await world.api.get('/metrics', { headers: { 'X-Forwarded-For': '203.0.113.7' } }),
      401,
      'unauthenticated',
    )
    expectProblem(await world.api.get('/metrics', { as: ana }), 403, 'forbidden')
    expectProblem(await world.api.get('/metrics', { as: { accessToken: 'x' } }), 401, 'unauthenticated')
    expectStatus(await world.api.get('/metrics', { as: await world.admin() }), 200)
  },

  'the OpenAPI document names every operation once, with who may call it': async world => {
    const { body } = expectStatus(await world.api.get<typeof world.document>('/openapi.json'), 200)
    assert.match(body.openapi, /^3\.1\./)
    const operations = Object.values(body.paths).flatMap(methods => Object.values(methods))
    const ids = operations.map(each => each.operationId)
    assert.equal(new Set(ids).size, ids.length)
    for (const each of operations) {
      const { security, summary } = each as unknown as { security?: unknown[]; summary?: string }
      assert.ok(Array.isArray(security) && security.length > 0, `${each.operationId} names no security`)
      assert.ok(summary, `${each.operationId} has no summary`)
    }
    assert.ok(operations.length >= 30, String(operations.length))
  },

  'the docs work offline: nothing in them is fetched from elsewhere': async world => {
    const page = expectStatus(await world.api.get('/docs'), 200)
    assert.match(String(page.headers['content-type']), /^text\/html/)
    const csp = String(page.headers['content-security-policy'])
    assert.match(csp, /default-src 'none'/)
    assert.doesNotMatch(csp, /https?:|script-src [^;]*(\*|unsafe)/)
    for (const path of [
      '/docs/start.js',
      '/docs/plaza.css',
      '/docs/swagger-ui-bundle.js',
      '/docs/swagger-ui.css',
      '/docs/errors',
    ])
      expectStatus(await world.api.get(path), 200)
  },

  'pages are compressed for who takes it, and plain for curl': async world => {
    const plain = expectStatus(await world.api.get('/openapi.json'), 200)
    assert.equal(plain.headers['content-encoding'], undefined)
    const headers = { 'Accept-Encoding': 'br, gzip' }
    const small = expectStatus(await world.api.get('/openapi.json', { headers }), 200)
    assert.equal(small.headers['content-encoding'], 'gzip')
    assert.deepEqual(small.body, plain.body)
    const refused = await world.api.get('/openapi.json', { headers: { 'Accept-Encoding': 'gzip;q=0' } })
    assert.equal(refused.headers['content-encoding'], undefined)
  },

  'who runs the place sees what runs': async world => {
    const [admin, ana] = await Promise.all([world.admin(), world.person()])
    type Services = { items: { name: string; isReady: boolean; subscriptions: { eventsBehind: number }[] }[] }
    const { body } = expectStatus(await world.api.get<Services>('/ops/services', { as: admin }), 200)
    for (const name of everyService) {
      const service = body.items.find(each => each.name === name)
      assert.ok(service?.isReady, name)
    }
    assert.ok(body.items.flatMap(each => each.subscriptions).length > 0)
    expectProblem(await world.api.get('/ops/services', { as: ana }), 403, 'forbidden')
    expectProblem(await world.api.get('/ops/services'), 401, 'unauthenticated')
  },

  'dead letters are for ops: there are none, and none that is not there is retried or dropped':
    async world => {
      const [admin, ana] = await Promise.all([world.admin(), world.person()])
      const { body } = expectStatus(
        await world.api.get<Page<unknown>>('/ops/dead-letters', { as: admin }),
        200,
      )
      assert.deepEqual(body, { items: [], nextCursor: null, prevCursor: null })
      for (const id of ['posts.999999', 'nobody.1']) {
        expectProblem(
          await world.api.post(`/ops/dead-letters/${id}/retry`, undefined, { as: admin }),
          404,
          'dead-letter-not-found',
        )
        expectProblem(
          await world.api.delete(`/ops/dead-letters/${id}`, { as: admin }),
          404,
          'dead-letter-not-found',
        )
      }
      for (const id of ['x', 'posts.', 'posts.-1', "posts.1'--"]) {
        const path = `/ops/dead-letters/${encodeURIComponent(id)}`
        expectProblem(
          await world.api.post(`${path}/retry`, undefined, { as: admin }),
          400,
          'invalid-input',
          '/id',
        )
        expectProblem(await world.api.delete(path, { as: admin }), 400, 'invalid-input', '/id')
      }
      for (const [method, path] of [
        ['GET', '/ops/dead-letters'],
        ['POST', '/ops/dead-letters/posts.1/retry'],
        ['DELETE', '/ops/dead-letters/posts.1'],
      ] as const) {
        expectProblem(await world.api.request(method, path, undefined, { as: ana }), 403, 'forbidden')
        expectProblem(await world.api.request(method, path), 401, 'unauthenticated')
      }
      expectProblem(
        await world.api.get('/ops/dead-letters?cursor=posts', { as: admin }),
        400,
        'invalid-cursor',
      )
      expectProblem(
        await world.api.get('/ops/dead-letters?limit=101', { as: admin }),
        400,
        'invalid-input',
        '/limit',
      )
    },

  'jobs are their owner’s: one that is not there is 404': async world => {
    const ana = await world.person()
    const path = '/jobs/job_01h455vb4pex5vsknk084sn02q'
    expectProblem(await world.api.get(path, { as: ana }), 404, 'job-not-found')
    expectProblem(await world.api.get(path), 401, 'unauthenticated')
    expectProblem(await world.api.get(path, { as: await world.admin() }), 404, 'job-not-found')
  },

  'published keys are public keys of this time: the one that signs and the next': async world => {
    type Keys = { keys: Record<string, string>[] }
    const { body } = expectStatus(await world.api.get<Keys>('/.well-known/jwks.json'), 200)
    assert.ok(body.keys.length >= 2)
    for (const key of body.keys)
      assert.deepEqual(
        Object.keys(key).filter(each => !['kty', 'crv', 'x', 'y', 'kid', 'alg', 'use'].includes(each)),
        [],
      )
  },
}
