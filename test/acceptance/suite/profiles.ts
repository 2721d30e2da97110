import assert from 'node:assert/strict'
import { eventually } from '../../eventually.ts'
import { expectProblem, expectStatus } from '../expectations.ts'
import { idShape, type OwnProfile, type Page, type Post, type Profile, timeShape } from '../shapes.ts'
import type { Cases } from '../suite.ts'

const publicFields =
  'id username displayName bio avatarUrl followerCount followingCount postCount createdAt'.split(' ')

export const profiles: Cases = {
  'the own profile has e-mail, whether it is verified, and roles': async world => {
    const ana = await world.person()
    const { body } = expectStatus(await world.api.get<OwnProfile>('/users/me', { as: ana }), 200)
    for (const field of [...publicFields, 'email', 'emailVerified', 'roles']) assert.ok(field in body, field)
    assert.equal(body.email, ana.email)
    expectProblem(await world.api.get('/users/me'), 401, 'unauthenticated')
  },

  'a person as others see them has no e-mail and no roles': async world => {
    const [ana, ben] = await world.people('ana', 'ben')
    for (const options of [{}, { as: ben }]) {
      const { body, text } = expectStatus(await world.api.get<Profile>(`/users/${ana.id}`, options), 200)
      for (const field of publicFields) assert.ok(field in body, field)
      assert.match(body.id, idShape('user'))
      assert.match(body.createdAt, timeShape)
      assert.equal('following' in body, 'as' in options, 'how one stands to them is for who is logged in')
      assert.equal('followedBy' in body, 'as' in options)
      assert.doesNotMatch(text, /email|roles|password/)
    }
  },

  'there is nobody with an id of nobody': async world => {
    const answer = await world.api.get('/users/user_01h455vb4pex5vsknk084sn02q')
    expectProblem(answer, 404, 'user-not-found')
  },

  'a username finds none or one, in whatever case': async world => {
    const ana = await world.person()
    const find = async (username: string) => {
      const answer = await world.api.get<Page<Profile>>(`/users?username=${encodeURIComponent(username)}`)
      return expectStatus(answer, 200).body
    }
    assert.equal((await find(ana.username)).items[0]?.id, ana.id)
    assert.equal((await find(ana.username.toUpperCase())).items[0]?.id, ana.id)
    assert.deepEqual(await find(`${ana.username}x`), { items: [], nextCursor: null, prevCursor: null })
    expectProblem(await world.api.get('/users'), 400, 'invalid-input', '/username')
  },

  'editing the own profile changes what is sent and nothing else': async world => {
    const ana = await world.person()
    const before = expectStatus(await world.api.get<OwnProfile>('/users/me', { as: ana }), 200).body
    const bio = 'I bake. Ask me about rye. 🍞\nMornings only.'
    const edited = expectStatus(
      await world.api.patch<OwnProfile>('/users/me', { bio }, { as: ana }),
      200,
    ).body
    assert.equal(edited.bio, bio)
    assert.equal(edited.displayName, before.displayName)
    const name = { displayName: 'Ana the baker' }
    expectStatus(await world.api.patch('/users/me', name, { as: ana }), 200)
    const after = expectStatus(await world.api.get<OwnProfile>('/users/me', { as: ana }), 200).body
    assert.deepEqual([after.displayName, after.bio], ['Ana the baker', bio])
    const seen = expectStatus(await world.api.get<Profile>(`/users/${ana.id}`), 200).body
    assert.deepEqual([seen.displayName, seen.bio], ['Ana the baker', bio])
  },

  'an edit is seen beside the posts within a second': async world => {
    const ana = await world.person()
    const post = await world.post(ana, 'Who wrote this?')
    expectStatus(await world.api.patch('/users/me', { displayName: 'Ana B.' }, { as: ana }), 200)
    await eventually(async () => {
      const { body } = expectStatus(await world.api.get<Post>(`/posts/${post.id}`), 200)
      assert.equal(body.author.displayName, 'Ana B.')
    })
  },

  'each wrong field of a profile is named, and the profile stays as it was': async world => {
    const ana = await world.person()
    const before = expectStatus(await world.api.get<OwnProfile>('/users/me', { as: ana }), 200).body
    const wrong: readonly [string, unknown][] = [
      ['displayName', ''],
      ['displayName', ' \t '],
      ['displayName', null],
      ['displayName', 'x'.repeat(51)],
      ['displayName', 'Ana\u202egnp.exe'],
      ['displayName', '\ud800'],
      ['bio', 'x'.repeat(501)],
      ['bio', 'a\u0000b'],
      ['bio', ['x']],
      ['username', 'somebody_else'],
      ['email', 'other@plaza.example'],
      ['roles', ['admin']],
      ['followerCount', 1_000_000],
      ['id', 'user_01h455vb4pex5vsknk084sn02q'],
      ['ifVersion', 1],
    ]
    for (const [field, value] of wrong) {
      const answer = await world.api.patch('/users/me', { [field]: value }, { as: ana })
      expectProblem(answer, 400, 'invalid-input', `/${field}`)
    }
    expectProblem(await world.api.patch('/users/me', { bio: 'x' }), 401, 'unauthenticated')
    assert.deepEqual(expectStatus(await world.api.get('/users/me', { as: ana }), 200).body, before)
  },

  'text in every script comes back as it was sent': async world => {
    const ana = await world.person()
    const wanted = {
      displayName: 'Ána 안나 अना 👩🏽‍🍳',
      bio: 'Robert\'); drop table profiles;-- " \\ %s $x {{y}} <b>&amp;',
    }
    const answer = await world.api.patch<OwnProfile>('/users/me', wanted, { as: ana })
    assert.equal(expectStatus(answer, 200).body.displayName, wanted.displayName)
    const { body } = expectStatus(await world.api.get<Profile>(`/users/${ana.id}`), 200)
    assert.deepEqual({ displayName: body.displayName, bio: body.bio }, wanted)
  },

  'the count of posts follows what is written and deleted within a second': async world => {
    const ana = await world.person()
    const posts = [await world.post(ana, 'one'), await world.post(ana, 'two'), await world.post(ana, 'three')]
    const expectCount = (count: number) =>
      eventually(async () => {
        const { body } = expectStatus(await world.api.get<Profile>(`/users/${ana.id}`), 200)
        assert.equal(body.postCount, count)
      })
    await expectCount(3)
    expectStatus(await world.api.delete(`/posts/${posts[1]?.id}`, { as: ana }), 204)
    await expectCount(2)
  },
}
