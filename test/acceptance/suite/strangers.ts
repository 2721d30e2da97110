import assert from 'node:assert/strict'
import { expectProblem, expectStatus } from '../expectations.ts'
import type { OwnProfile, Post } from '../shapes.ts'
import type { Cases } from '../suite.ts'
import type { World } from '../world.ts'

interface Described {
  readonly security: readonly object[]
  readonly description?: string
}

export const strangers: Cases = {
  'every operation that wants a token is 401 without one': async world => {
    const wanting = operationsOf(world).filter(({ described }) =>
      described.security.every(each => 'accessToken' in each),
    )
    assert.ok(wanting.length >= 20, String(wanting.length))
    for (const { method, path } of wanting) {
      const answer = await world.api.request(method, path, bodyFor(method))
      expectProblem(answer, 401, 'unauthenticated')
    }
  },

  'every operation for those who run the place is 403 for everybody else': async world => {
    const ana = await world.person()
    const wanting = operationsOf(world).filter(({ described }) =>
      /`(ops|users:manage|moderation)`/.test(described.description ?? ''),
    )
    assert.ok(wanting.length >= 7, String(wanting.length))
    for (const { method, path } of wanting) {
      const answer = await world.api.request(method, path, bodyFor(method), { as: ana })
      expectProblem(answer, 403, 'forbidden')
    }
  },

  'Ben can do nothing in Ana’s name, whatever he sends': async world => {
    const [ana, ben] = await world.people('ana', 'ben')
    const post = await world.post(ana, 'Ana’s')
    const before = expectStatus(await world.api.get<OwnProfile>('/users/me', { as: ana }), 200).body
    const tries = [
      ['PATCH', `/posts/${post.id}`, { text: 'Ben’s' }],
      ['DELETE', `/posts/${post.id}`, undefined],
      ['PATCH', `/users/${ana.id}`, { displayName: 'Ben’s' }],
      ['PATCH', '/users/me', { id: ana.id, displayName: 'Ben’s' }],
      ['POST', '/posts', { text: 'by Ana', author: { id: ana.id } }],
      ['POST', '/posts', { text: 'by Ana', authorId: ana.id }],
      ['PUT', `/users/${ben.id}/follow`, { followerId: ana.id }],
      ['PUT', `/users/${ana.id}/roles`, { roles: [] }],
      ['PUT', `/users/${ana.id}/suspension`, undefined],
      ['DELETE', `/users/${ana.id}`, undefined],
    ] as const
    const spoofed = { 'X-User-Id': ana.id, 'X-Forwarded-User': ana.id, 'X-HTTP-Method-Override': 'DELETE' }
    for (const [method, path, body] of tries) {
      const { status, text } = await world.api.request(method, path, body, { as: ben, headers: spoofed })
      assert.ok(status >= 400 && status < 500, `${method} ${path} ${status} ${text}`)
    }
    assert.deepEqual(
      expectStatus(await world.api.get<Post>(`/posts/${post.id}`, { as: ana }), 200).body,
      post,
    )
    const after = expectStatus(await world.api.get<OwnProfile>('/users/me', { as: ana }), 200).body
    assert.deepEqual({ ...after, postCount: 0 }, { ...before, postCount: 0 })
    assert.deepEqual(await world.texts(`/users/${ana.id}/posts`), ['Ana’s'])
    assert.deepEqual(await world.texts(`/users/${ben.id}/posts`), [])
  },

  'an Idempotency-Key of Ana gives Ben nothing of hers': async world => {
    const [ana, ben] = await world.people('ana', 'ben')
    const key = `shared-${ana.username}`
    const request = { text: 'Just us', visibility: 'followers' }
    const anas = expectStatus(await world.api.post<Post>('/posts', request, { as: ana, key }), 201)
    const bens = expectStatus(await world.api.post<Post>('/posts', request, { as: ben, key }), 201)
    assert.notEqual(bens.body.id, anas.body.id)
    assert.equal(bens.headers['idempotency-replayed'], undefined)
  },

  'forwarding headers of nobody we trust change nothing': async world => {
    const headers = {
      'X-Forwarded-For': '203.0.113.7',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Host': 'evil.example',
    }
    const answer = expectStatus(await world.api.get('/timelines/public?limit=1', { headers }), 200)
    assert.doesNotMatch(JSON.stringify(answer.headers), /evil\.example/)
  },
}

function operationsOf(world: World) {
  return Object.entries(world.document.paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, described]) => ({
      method: method.toUpperCase(),
      path: template.replaceAll(/\{(\w+)\}/g, (_, name: string) => exampleOf(template, name)),
      described: described as unknown as Described,
    })),
  )
}

function exampleOf(template: string, name: string): string {
  if (template.includes('dead-letters')) return 'posts.1'
  if (name !== 'id') return 'x'
  const kind = /\/(users|posts|jobs)\/\{id\}/.exec(template)?.[1]?.slice(0, -1)
  return `${kind}_01h455vb4pex5vsknk084sn02q`
}

const bodyFor = (method: string) => (method === 'GET' || method === 'DELETE' ? undefined : {})
