import assert from 'node:assert/strict'
import { eventually } from '../../eventually.ts'
import { expectProblem, expectStatus } from '../expectations.ts'
import type { Page, Profile } from '../shapes.ts'
import type { Cases } from '../suite.ts'
import type { Person, World } from '../world.ts'

const nobody = 'user_01h455vb4pex5vsknk084sn02q'
const verbs = ['follow', 'block', 'mute'] as const

export const relations: Cases = {
  'following is seen at once from both sides': async world => {
    const [ana, ben] = await world.people('ana', 'ben')
    expectStatus(await world.api.put(`/users/${ben.id}/follow`, undefined, { as: ana }), 204)
    assert.deepEqual(await standing(world, ana, ben), { following: true, followedBy: false })
    assert.deepEqual(await standing(world, ben, ana), { following: false, followedBy: true })
    assert.deepEqual(await names(world, `/users/${ana.id}/following`), [ben.username])
    assert.deepEqual(await names(world, `/users/${ben.id}/followers`), [ana.username])
    expectStatus(await world.api.delete(`/users/${ben.id}/follow`, { as: ana }), 204)
    assert.deepEqual(await standing(world, ana, ben), { following: false, followedBy: false })
    assert.deepEqual(await names(world, `/users/${ana.id}/following`), [])
    assert.deepEqual(await names(world, `/users/${ben.id}/followers`), [])
  },

  'doing it twice is the same as once, undoing too, and counts say so': async world => {
    const [ana, ben] = await world.people('ana', 'ben')
    for (const verb of verbs) {
      const path = `/users/${ben.id}/${verb}`
      for (const _ of [1, 2]) expectStatus(await world.api.put(path, undefined, { as: ana }), 204)
      if (verb === 'follow') await expectCounts(world, [ana, 0, 1], [ben, 1, 0])
      for (const _ of [1, 2]) expectStatus(await world.api.delete(path, { as: ana }), 204)
    }
    await expectCounts(world, [ana, 0, 0], [ben, 0, 0])
  },

  'ten requests to follow at the same moment make one follower': async world => {
    const [ana, ben] = await world.people('ana', 'ben')
    const path = `/users/${ben.id}/follow`
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => world.api.put(path, undefined, { as: ana })),
    )
    for (const each of answers) expectStatus(each, 204)
    assert.deepEqual(await names(world, `/users/${ben.id}/followers`), [ana.username])
    await expectCounts(world, [ana, 0, 1], [ben, 1, 0])
  },

  'two who follow each other at the same moment both do': async world => {
    const [ana, ben] = await world.people('ana', 'ben')
    await Promise.all([world.follow(ana, ben), world.follow(ben, ana)])
    assert.deepEqual(await standing(world, ana, ben), { following: true, followedBy: true })
    await expectCounts(world, [ana, 1, 1], [ben, 1, 1])
  },

  'following, blocking or muting yourself is 422 and changes nothing': async world => {
    const ana = await world.person()
    for (const verb of verbs) {
      const path = `/users/${ana.id}/${verb}`
      expectProblem(await world.api.put(path, undefined, { as: ana }), 422, 'not-yourself')
      expectProblem(await world.api.delete(path, { as: ana }), 422, 'not-yourself')
    }
    assert.deepEqual(await names(world, `/users/${ana.id}/followers`), [])
    await expectCounts(world, [ana, 0, 0])
  },

  'following, blocking or muting nobody is 404 and changes nothing': async world => {
    const ana = await world.person()
    for (const verb of verbs) {
      expectProblem(
        await world.api.put(`/users/${nobody}/${verb}`, undefined, { as: ana }),
        404,
        'user-not-found',
      )
      expectProblem(await world.api.delete(`/users/${nobody}/${verb}`, { as: ana }), 404, 'user-not-found')
    }
    assert.deepEqual(await names(world, `/users/${ana.id}/following`), [])
    await expectCounts(world, [ana, 0, 0])
  },

  'without a token nothing of it is done': async world => {
    const ana = await world.person()
    for (const verb of verbs) {
      expectProblem(await world.api.put(`/users/${ana.id}/${verb}`), 401, 'unauthenticated')
      expectProblem(await world.api.delete(`/users/${ana.id}/${verb}`), 401, 'unauthenticated')
    }
    assert.deepEqual(await names(world, `/users/${ana.id}/followers`), [])
  },

  'a block ends both follows and hides the blocker at once': async world => {
    const [ana, ben, eve] = await world.people('ana', 'ben', 'eve')
    await Promise.all([world.follow(ana, ben), world.follow(ben, ana), world.follow(eve, ana)])
    expectStatus(await world.api.put(`/users/${ben.id}/block`, undefined, { as: ana }), 204)
    expectProblem(await world.api.get(`/users/${ana.id}`, { as: ben }), 404, 'user-not-found')
    for (const list of ['followers', 'following', 'posts'])
      expectProblem(await world.api.get(`/users/${ana.id}/${list}`, { as: ben }), 404, 'user-not-found')
    const found = await world.api.get<Page<Profile>>(`/users?username=${ana.username}`, { as: ben })
    assert.deepEqual(expectStatus(found, 200).body.items, [])
    assert.deepEqual(await names(world, `/users/${ana.id}/followers`), [eve.username])
    assert.deepEqual(await names(world, `/users/${ben.id}/followers`), [])
    assert.deepEqual(await standing(world, ana, ben), { following: false, followedBy: false })
    await expectCounts(world, [ana, 1, 0], [ben, 0, 0])
  },

  'neither side of a block can follow the other, and an unblock brings no follow back': async world => {
    const [ana, ben] = await world.people('ana', 'ben')
    await world.follow(ana, ben)
    expectStatus(await world.api.put(`/users/${ben.id}/block`, undefined, { as: ana }), 204)
    expectProblem(
      await world.api.put(`/users/${ana.id}/follow`, undefined, { as: ben }),
      404,
      'user-not-found',
    )
    expectProblem(
      await world.api.put(`/users/${ben.id}/follow`, undefined, { as: ana }),
      409,
      'blocked-by-you',
    )
    await expectCounts(world, [ana, 0, 0], [ben, 0, 0])
    expectStatus(await world.api.delete(`/users/${ben.id}/block`, { as: ana }), 204)
    assert.deepEqual(await standing(world, ana, ben), { following: false, followedBy: false })
    await world.follow(ben, ana)
    assert.deepEqual(await names(world, `/users/${ana.id}/followers`), [ben.username])
  },

  'whoever was blocked is absent in lists for the blocked, not for others': async world => {
    const [ana, ben, eve] = await world.people('ana', 'ben', 'eve')
    await Promise.all([world.follow(ana, eve), world.follow(ben, eve)])
    expectStatus(await world.api.put(`/users/${ben.id}/block`, undefined, { as: ana }), 204)
    assert.deepEqual(await names(world, `/users/${eve.id}/followers`, ben), [ben.username])
    assert.deepEqual(
      (await names(world, `/users/${eve.id}/followers`)).sort(),
      [ana.username, ben.username].sort(),
    )
  },

  'followers are listed newest first, whatever the size of the page': async world => {
    const [ana, ...fans] = await world.people('ana', 'a', 'b', 'c', 'd', 'e')
    for (const fan of fans) await world.follow(fan, ana)
    const wanted = fans.map(each => each.username).reverse()
    for (const limit of [1, 2, 5, 100]) {
      const all = await world.all<Profile>(`/users/${ana.id}/followers`, limit)
      assert.deepEqual(
        all.map(each => each.username),
        wanted,
      )
    }
    for (const fan of fans) assert.deepEqual(await names(world, `/users/${fan.id}/following`), [ana.username])
  },

  'lists of nobody are 404': async world => {
    for (const list of ['followers', 'following', 'posts'])
      expectProblem(await world.api.get(`/users/${nobody}/${list}`), 404, 'user-not-found')
  },
}

async function standing(world: World, who: Person, whom: Person) {
  const { body } = expectStatus(await world.api.get<Profile>(`/users/${whom.id}`, { as: who }), 200)
  return { following: body.following, followedBy: body.followedBy }
}

async function names(world: World, path: string, as?: Person): Promise<string[]> {
  const { body } = expectStatus(await world.api.get<Page<Profile>>(path, as && { as }), 200)
  return body.items.map(each => each.username)
}

/** Person, followers, following. */
function expectCounts(
  world: World,
  ...wanted: readonly (readonly [Person, number, number])[]
): Promise<void> {
  return eventually(async () => {
    for (const [person, followers, following] of wanted) {
      const { body } = expectStatus(await world.api.get<Profile>(`/users/${person.id}`), 200)
      assert.deepEqual([body.followerCount, body.followingCount], [followers, following])
    }
  })
}
