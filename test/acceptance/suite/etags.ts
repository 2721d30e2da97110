import assert from 'node:assert/strict'
import { eventually } from '../../eventually.ts'
import { expectProblem, expectStatus } from '../expectations.ts'
import type { OwnProfile, Post, Profile } from '../shapes.ts'
import type { Cases } from '../suite.ts'
import type { World } from '../world.ts'

export const etags: Cases = {
  'a single resource that did not change is 304': async world => {
    const [ana, ben, cleo] = await world.people('ana', 'ben', 'cleo')
    const post = await world.post(ana, 'Hello')
    // Of Ana the count of posts still changes.
    for (const path of [`/posts/${post.id}`, `/users/${cleo.id}`]) {
      const first = expectStatus(await world.api.get(path, { as: ben }), 200)
      const etag = etagOf(first)
      for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
        const again = await world.api.get(path, { as: ben, headers: { 'If-None-Match': known } })
        assert.equal(again.status, 304, `${path} ${known}`)
        assert.equal(again.text, '')
        assert.equal(again.headers.etag, etag)
      }
      const other = await world.api.get(path, { as: ben, headers: { 'If-None-Match': '"1-other"' } })
      expectStatus(other, 200)
    }
  },

  'an edit changes the ETag, and an old one gets the new text': async world => {
    const ana = await world.person()
    const post = await world.post(ana, 'one')
    const path = `/posts/${post.id}`
    const before = etagOf(await world.api.get(path))
    const edited = expectStatus(await world.api.patch<Post>(path, { text: 'two' }, { as: ana }), 200)
    assert.notEqual(etagOf(edited), before)
    const after = await world.api.get<Post>(path, { headers: { 'If-None-Match': before } })
    assert.equal(expectStatus(after, 200).body.text, 'two')
  },

  'If-Match lets an edit through while nobody else edited, and is 412 afterwards': async world => {
    const ana = await world.person()
    const post = await world.post(ana, 'one')
    const path = `/posts/${post.id}`
    const etag = etagOf(await world.api.get(path, { as: ana }))
    const edit = (text: string, match: string) =>
      world.api.patch<Post>(path, { text }, { as: ana, headers: { 'If-Match': match } })
    const first = expectStatus(await edit('two', etag), 200)
    expectProblem(await edit('three', etag), 412, 'stale')
    expectProblem(await edit('three', '"999-abcdefgh"'), 412, 'stale')
    expectProblem(await edit('three', '"nonsense"'), 412, 'stale')
    assert.equal((await world.api.get<Post>(path)).body.text, 'two')
    expectStatus(await edit('three', etagOf(first)), 200)
    expectStatus(await edit('four', '*'), 200)
    assert.equal((await world.api.get<Post>(path)).body.text, 'four')
  },

  'the same goes for the own profile': async world => {
    const ana = await world.person()
    const etag = etagOf(await world.api.get('/users/me', { as: ana }))
    const edit = (bio: string) =>
      world.api.patch<OwnProfile>('/users/me', { bio }, { as: ana, headers: { 'If-Match': etag } })
    expectStatus(await edit('one'), 200)
    expectProblem(await edit('two'), 412, 'stale')
    assert.equal((await world.api.get<OwnProfile>('/users/me', { as: ana })).body.bio, 'one')
    const known = etagOf(await world.api.get('/users/me', { as: ana }))
    expectStatus(await world.api.get('/users/me', { as: ana, headers: { 'If-None-Match': known } }), 304)
  },

  'of edits at the same moment on one version one goes through': async world => {
    const ana = await world.person()
    const post = await world.post(ana, 'before')
    const path = `/posts/${post.id}`
    const etag = etagOf(await world.api.get(path, { as: ana }))
    const answers = await Promise.all(
      [1, 2, 3, 4, 5].map(n =>
        world.api.patch<Post>(path, { text: `edit ${n}` }, { as: ana, headers: { 'If-Match': etag } }),
      ),
    )
    assert.deepEqual(answers.map(each => each.status).sort(), [200, 412, 412, 412, 412])
    const winner = answers.find(each => each.status === 200)!
    assert.equal((await world.api.get<Post>(path)).body.text, winner.body.text)
  },

  'counters do not count: an If-Match of before a follow still holds': async world => {
    const [ana, ben] = await world.people('ana', 'ben')
    const before = await world.api.get<OwnProfile>('/users/me', { as: ana })
    await world.follow(ben, ana)
    await world.post(ana, 'one more')
    const counted = await eventually(async () => {
      const now = await world.api.get<OwnProfile>('/users/me', { as: ana })
      assert.deepEqual([now.body.followerCount, now.body.postCount], [1, 1])
      return now
    })
    assert.notEqual(etagOf(counted), etagOf(before), 'what is shown did change')
    const headers = { 'If-Match': etagOf(before) }
    expectStatus(await world.api.patch('/users/me', { bio: 'still me' }, { as: ana, headers }), 200)
  },

  'what depends on who asks has another ETag for somebody else': async world => {
    const [ana, ben, eve] = await world.people('ana', 'ben', 'eve')
    await world.follow(ben, ana)
    const seen = (as: typeof ben) => world.api.get<Profile>(`/users/${ana.id}`, { as })
    const etag = etagOf(await seen(ben))
    const other = await world.api.get<Profile>(`/users/${ana.id}`, {
      as: eve,
      headers: { 'If-None-Match': etag },
    })
    assert.equal(expectStatus(other, 200).body.following, false)
  },

  'what somebody with a token gets is theirs alone, what anybody gets may be kept for seconds':
    async world => {
      const ana = await world.person()
      const { id } = await world.post(ana, 'x')
      const mine = expectStatus(await world.api.get(`/posts/${id}`, { as: ana }), 200).headers
      assert.match(String(mine['cache-control']), /private/)
      assert.match(String(mine.vary), /Authorization/i)
      const everybodys = expectStatus(await world.api.get(`/posts/${id}`), 200).headers
      assert.match(String(everybodys['cache-control']), /public, max-age=\d$/)
      assert.match(String(everybodys.vary), /Authorization/i)
    },
}

function etagOf({ headers }: Awaited<ReturnType<World['api']['get']>>): string {
  assert.match(String(headers.etag), /^"\d+-[\w-]+"$/)
  return headers.etag!
}
