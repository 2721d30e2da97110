import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { expectProblem, expectStatus } from '../expectations.ts'
import type { Cases } from '../suite.ts'
import { registration, type World } from '../world.ts'

export const badBodies: Cases = {
  'a body that is not JSON is 400 and posts nothing': async world => {
    const ana = await world.person()
    const broken = [
      '{',
      '{"text":',
      "{'text':'x'}",
      '{"text":"x"}}',
      'text=x',
      '\ufeff{"text":"x"}',
      'NaN',
      '[',
      '"\\ud83',
    ]
    for (const body of broken) {
      const answer = await world.api.post('/posts', body, { as: ana })
      assert.equal(answer.status, 400, body)
      expectProblem(answer, 400, 'invalid-input')
    }
    for (const body of ['null', '[]', '42', '"text"', 'true', '[{"text":"x"}]'])
      expectProblem(await world.api.post('/posts', body, { as: ana }), 400, 'invalid-input')
    expectProblem(await world.api.post('/posts', undefined, { as: ana }), 400, 'invalid-input', '/text')
    expectProblem(await world.api.post('/posts', '', { as: ana }), 400, 'invalid-input', '/text')
    assert.deepEqual(await world.texts(`/users/${ana.id}/posts`), [])
  },

  'a problem about JSON does not quote it': async world => {
    const answer = await world.api.post('/auth/login', '{"login":"ana","password":"hunter2')
    expectProblem(answer, 400, 'invalid-input')
    assert.doesNotMatch(answer.text, /hunter/)
  },

  'bytes that are no UTF-8 are 400': async world => {
    const ana = await world.person()
    const body = Buffer.concat([Buffer.from('{"text":"'), Buffer.from([0xff, 0xfe, 0xc0]), Buffer.from('"}')])
    expectProblem(await world.api.post('/posts', body, { as: ana }), 400, 'invalid-input')
    assert.deepEqual(await world.texts(`/users/${ana.id}/posts`), [])
  },

  'another media type than JSON is 415': async world => {
    const ana = await world.person()
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/xml',
      'multipart/form-data; boundary=x',
      'application/jsonx',
    ])
      expectProblem(
        await world.api.post('/posts', '{"text":"x"}', { as: ana, headers: { 'Content-Type': type } }),
        415,
        'unsupported-media-type',
      )
    const charset = { 'Content-Type': 'application/json; charset=utf-8' }
    expectStatus(await world.api.post('/posts', '{"text":"x"}', { as: ana, headers: charset }), 201)
  },

  'a body over 1 MiB is 413, one just below is judged by what is in it': async world => {
    const ana = await world.person()
    const sized = (bytes: number) => `{"text":"${'x'.repeat(bytes - '{"text":""}'.length)}"}`
    expectProblem(await world.api.post('/posts', sized(1_048_577), { as: ana }), 413, 'too-large')
    expectProblem(await world.api.post('/posts', sized(20_000_000), { as: ana }), 413, 'too-large')
    expectProblem(
      await world.api.post('/posts', sized(1_048_576), { as: ana }),
      400,
      'invalid-input',
      '/text',
    )
    expectProblem(await world.api.post('/auth/register', sized(2_000_000)), 413, 'too-large')
    assert.deepEqual(await world.texts(`/users/${ana.id}/posts`), [])
  },

  'headers or a URL that are too large are refused': async world => {
    const ana = await world.person()
    const cookie = { Cookie: 'x'.repeat(20_000) }
    expectProblem(await world.api.get('/timelines/public', { headers: cookie }), 431, 'header-too-large')
    const long = await world.api.get(`/users?username=${'x'.repeat(20_000)}`, { as: ana })
    expectProblem(long, 431, 'header-too-large')
    const token = { accessToken: 'x'.repeat(8_000) }
    expectProblem(await world.api.get('/users/me', { as: token }), 401, 'unauthenticated')
  },

  '__proto__, constructor and prototype are unknown fields like any other': async world => {
    const ana = await world.person()
    for (const name of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty']) {
      const body = `{"text":"x","${name}":{"isAdmin":true,"roles":["admin"]}}`
      expectProblem(await world.api.post('/posts', body, { as: ana }), 400, 'invalid-input', `/${name}`)
      const profile = `{"${name}":{"displayName":"x"}}`
      expectProblem(
        await world.api.patch('/users/me', profile, { as: ana }),
        400,
        'invalid-input',
        `/${name}`,
      )
    }
    expectProblem(
      await world.api.post('/posts', '{"__proto__":{"text":"x"}}', { as: ana }),
      400,
      'invalid-input',
      '/text',
    )
    expectProblem(await world.api.get('/ops/services', { as: ana }), 403, 'forbidden')
    assert.deepEqual(await world.texts(`/users/${ana.id}/posts`), [])
    await world.post(ana, 'all is well')
  },

  'a field given twice counts once, as JSON parsers do: nothing slips past the check': async world => {
    const ana = await world.person()
    const body = `{"text":"fine","text":"${'x'.repeat(5_001)}"}`
    expectProblem(await world.api.post('/posts', body, { as: ana }), 400, 'invalid-input', '/text')
  },

  'what is nested very deep is refused without harm': async world => {
    const ana = await world.person()
    for (const depth of [100, 10_000, 200_000]) {
      const nested = `${'['.repeat(depth)}${']'.repeat(depth)}`
      expectProblem(await world.api.post('/posts', `{"text":${nested}}`, { as: ana }), 400, 'invalid-input')
      expectProblem(
        await world.api.post('/posts', `{"text":"x","y":${nested}}`, { as: ana, key: `deep-${depth}` }),
        400,
        'invalid-input',
      )
    }
  },

  'very many unknown fields are refused, and not all told': async world => {
    const ana = await world.person()
    const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`field${n}`, n]))
    const answer = await world.api.post('/posts', { text: 'x', ...many }, { as: ana })
    const problem = expectProblem(answer, 400, 'invalid-input')
    assert.ok((problem.errors ?? []).length <= 50)
  },

  'GET and DELETE take no body': async world => {
    const ana = await world.person()
    const { id } = await world.post(ana, 'x')
    expectProblem(
      await world.api.request('DELETE', `/posts/${id}`, { text: 'x' }, { as: ana }),
      400,
      'invalid-input',
    )
    expectStatus(await world.api.get(`/posts/${id}`), 200)
  },

  'a body that ends too early is no post, and a connection that talks nonsense is closed with 400':
    async world => {
      const ana = await world.person()
      const authorization = `Authorization: Bearer ${ana.accessToken}`
      const cut = `POST /api/v1/posts HTTP/1.1\r\nHost: x\r\n${authorization}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"text":"x"`
      await exchange(world, cut)
      assert.match(
        await exchange(world, 'NONSENSE\r\n\r\n'),
        /^HTTP\/1\.1 400 [\s\S]*application\/problem\+json/,
      )
      const smuggled = `POST /api/v1/posts HTTP/1.1\r\nHost: x\r\n${authorization}\r\nContent-Type: application/json\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`
      assert.match(await exchange(world, smuggled), /^HTTP\/1\.1 400 /)
      assert.deepEqual(await world.texts(`/users/${ana.id}/posts`), [])
    },

  'strange characters in addresses are refused or read as text, never more': async world => {
    const ana = await world.person()
    for (const id of [
      '%00',
      '%ff',
      '%',
      '..%2f..%2fetc%2fpasswd',
      "'%20or%201=1--",
      'x'.repeat(400),
      '%F0%9F%8D%9E',
      '__proto__',
    ]) {
      for (const path of [`/posts/${id}`, `/users/${id}`, `/users/${id}/posts`, `/posts/${id}/edits`]) {
        const { status, text } = await world.api.get(path, { as: ana })
        assert.ok(status === 400 || status === 404, `${path} ${status} ${text}`)
      }
    }
    for (const tag of ['%00', '%ff', '%'])
      expectProblem(await world.api.get(`/tags/${tag}/posts`), 400, 'invalid-input')
    assert.deepEqual(await world.texts("/tags/'%20or%201=1--/posts"), [])
    expectProblem(await world.api.get('/users?username=%00'), 400, 'invalid-input', '/username')
    expectProblem(await world.api.get('/users?username=%ff'), 400, 'invalid-input')
    expectProblem(await world.api.get('/users?username=a&username=b'), 400, 'invalid-input', '/username')
    expectProblem(await world.api.get('/users?username[gte]=a'), 400, 'invalid-input')
  },

  'an id of the wrong kind is 400 and says which is wanted': async world => {
    const ana = await world.person()
    const { id } = await world.post(ana, 'x')
    const asPost = `post_${ana.id.slice('user_'.length)}`
    const cases = [
      ['GET', `/users/${id}`],
      ['GET', `/posts/${ana.id}`],
      ['GET', `/users/${id}/followers`],
      ['PUT', `/users/${id}/follow`],
      ['DELETE', `/users/${id}/block`],
      ['PATCH', `/posts/${ana.id}`],
      ['DELETE', `/posts/${ana.id}`],
      ['GET', `/users/${ana.id.toUpperCase()}`],
      ['GET', `/users/${ana.id}x`],
      ['GET', `/users/${ana.id.slice(0, -1)}`],
      ['GET', `/users/user_${'z'.repeat(26)}`],
      ['GET', `/jobs/${ana.id}`],
      ['GET', '/users/1'],
    ] as const
    for (const [method, path] of cases) {
      const body = method === 'PATCH' ? { text: 'y' } : undefined
      expectProblem(await world.api.request(method, path, body, { as: ana }), 400, 'invalid-input', '/id')
    }
    expectProblem(await world.api.get(`/posts/${asPost}`), 404, 'post-not-found')
    expectStatus(await world.api.get(`/posts/${id}`), 200)
  },

  'an operation without parameters takes none': async world => {
    const ana = await world.person()
    const { id } = await world.post(ana, 'x')
    for (const [method, path] of [
      ['GET', '/users/me'],
      ['GET', `/posts/${id}`],
      ['GET', `/users/${ana.id}`],
      ['POST', '/posts'],
      ['POST', '/auth/register'],
      ['PUT', `/users/${ana.id}/follow`],
      ['DELETE', `/posts/${id}`],
    ] as const) {
      const body = method === 'POST' ? { ...registration(), text: 'x' } : undefined
      const answer = await world.api.request(method, `${path}?debug=true`, body, { as: ana })
      expectProblem(answer, 400, 'invalid-input', '/debug')
    }
    assert.deepEqual(await world.texts(`/users/${ana.id}/posts`), ['x'])
  },
}

/** Sends bytes as they are, closes this side, and gives what comes back. */
function exchange(world: World, bytes: string): Promise<string> {
  const { hostname, port } = new URL(world.topology.url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.end(bytes))
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('error', reject)
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()))
    socket.setTimeout(20_000, () => socket.destroy(new Error('The connection was not closed')))
  })
}
