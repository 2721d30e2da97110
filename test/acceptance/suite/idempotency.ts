import assert from 'node:assert/strict'
import { expectProblem, expectStatus } from '../expectations.ts'
import type { Post, SignedIn } from '../shapes.ts'
import type { Cases } from '../suite.ts'

let counted = 0
const newKey = () => `key-${Date.now().toString(36)}-${counted++}`

export const idempotency: Cases = {
  'the same key and body gives the first answer, and one post': async world => {
    const ana = await world.person()
    const key = newKey()
    const request = { text: 'Once', visibility: 'public' }
    const first = expectStatus(await world.api.post<Post>('/posts', request, { as: ana, key }), 201)
    assert.equal(first.headers['idempotency-replayed'], undefined)
    for (const body of [request, { visibility: 'public', text: 'Once' }]) {
      const again = expectStatus(await world.api.post<Post>('/posts', body, { as: ana, key }), 201)
      assert.equal(again.headers['idempotency-replayed'], 'true')
      assert.deepEqual(again.body, first.body)
    }
    assert.deepEqual(await world.texts(`/users/${ana.id}/posts`), ['Once'])
  },

  'the first answer is given again even after the post was edited or deleted': async world => {
    const ana = await world.person()
    const key = newKey()
    const request = { text: 'As it was' }
    const first = expectStatus(await world.api.post<Post>('/posts', request, { as: ana, key }), 201).body
    expectStatus(await world.api.patch(`/posts/${first.id}`, { text: 'Changed' }, { as: ana }), 200)
    assert.deepEqual((await world.api.post('/posts', request, { as: ana, key })).body, first)
    expectStatus(await world.api.delete(`/posts/${first.id}`, { as: ana }), 204)
    const again = expectStatus(await world.api.post('/posts', request, { as: ana, key }), 201)
    assert.deepEqual(again.body, first)
    assert.deepEqual(await world.texts(`/users/${ana.id}/posts`), [])
  },

  'the same key with another body is 422 and posts nothing': async world => {
    const ana = await world.person()
    const key = newKey()
    expectStatus(await world.api.post('/posts', { text: 'One' }, { as: ana, key }), 201)
    for (const body of [{ text: 'Two' }, { text: 'One', visibility: 'followers' }])
      expectProblem(await world.api.post('/posts', body, { as: ana, key }), 422, 'idempotency-key-reused')
    assert.deepEqual(await world.texts(`/users/${ana.id}/posts`, ana), ['One'])
  },

  'ten at the same moment with one key have one effect and one answer': async world => {
    const ana = await world.person()
    for (let round = 0; round < 3; round++) {
      const key = newKey()
      const text = `At once ${round}`
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => world.api.post<Post>('/posts', { text }, { as: ana, key })),
      )
      const ids = answers.map(each => expectStatus(each, 201).body.id)
      assert.equal(new Set(ids).size, 1)
      const replayed = answers.filter(each => each.headers['idempotency-replayed'] === 'true')
      assert.equal(replayed.length, 9)
    }
    assert.equal((await world.texts(`/users/${ana.id}/posts`)).length, 3)
  },

  'two at the same moment with one key and other bodies: one is done, one is 422': async world => {
    const ana = await world.person()
    const key = newKey()
    const texts = ['This', 'That']
    const answers = await Promise.all(
      texts.map(text => world.api.post<Post>('/posts', { text }, { as: ana, key })),
    )
    assert.deepEqual(answers.map(each => each.status).sort(), [201, 422])
    const done = answers.findIndex(each => each.status === 201)
    expectProblem(answers[1 - done]!, 422, 'idempotency-key-reused')
    assert.deepEqual(await world.texts(`/users/${ana.id}/posts`), [texts[done]])
  },

  'a key is the person’s own: two people may use one': async world => {
    const [ana, ben] = await world.people('ana', 'ben')
    const key = newKey()
    const [first, second] = await Promise.all(
      [ana, ben].map(as => world.api.post<Post>('/posts', { text: 'Same' }, { as, key })),
    )
    assert.equal(expectStatus(first!, 201).body.author.id, ana.id)
    assert.equal(expectStatus(second!, 201).body.author.id, ben.id)
  },

  'a key is one operation’s own': async world => {
    const ana = await world.person()
    const key = newKey()
    expectStatus(await world.api.post('/posts', { text: 'One' }, { as: ana, key }), 201)
    const other = await world.api.post<{ roles: string[] }>('/users/me/seller', {}, { as: ana, key })
    assert.ok(expectStatus(other, 200).body.roles.includes('seller'))
  },

  'a refused request leaves its key free': async world => {
    const ana = await world.person()
    const key = newKey()
    expectProblem(
      await world.api.post('/posts', { text: '' }, { as: ana, key }),
      400,
      'invalid-input',
      '/text',
    )
    expectStatus(await world.api.post('/posts', { text: 'Now it is right' }, { as: ana, key }), 201)
  },

  'every POST takes a key: log-in gives the same tokens again': async world => {
    const ana = await world.person()
    const key = newKey()
    const request = { login: ana.username, password: ana.password }
    const first = expectStatus(await world.api.post<SignedIn>('/auth/login', request, { key }), 200)
    const again = expectStatus(await world.api.post<SignedIn>('/auth/login', request, { key }), 200)
    assert.deepEqual(again.body, first.body)
    assert.equal(again.headers['idempotency-replayed'], 'true')
    const wrong = { ...request, password: 'not this battery staple' }
    const guess = await world.api.post('/auth/login', wrong, { key })
    assert.ok(guess.status === 401 || guess.status === 422, guess.text)
    assert.ok(!guess.text.includes(first.body.accessToken))
  },

  'becoming a seller and logging out may be repeated with a key': async world => {
    const ana = await world.person()
    const key = newKey()
    const first = await world.api.post('/users/me/seller', undefined, { as: ana, key })
    const again = await world.api.post('/users/me/seller', undefined, { as: ana, key })
    assert.deepEqual(expectStatus(again, 200).body, expectStatus(first, 200).body)
    expectStatus(await world.api.post('/auth/logout', undefined, { as: ana, key: newKey() }), 204)
  },

  'a key that is none is 400': async world => {
    const ana = await world.person()
    for (const key of ['', ' ', 'two words', 'x'.repeat(256), 'ключ'].map(each =>
      Buffer.from(each).toString('latin1'),
    ))
      expectProblem(await world.api.post('/posts', { text: 'x' }, { as: ana, key }), 400, 'invalid-input')
    expectStatus(
      await world.api.post(
        '/posts',
        { text: 'x' },
        { as: ana, key: `${'k'.repeat(240)}${newKey()}`.slice(-255) },
      ),
      201,
    )
    assert.equal((await world.texts(`/users/${ana.id}/posts`)).length, 1)
  },
}
