import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { UserId } from '@plaza/kernel/contract'
import { openSquare, type Square } from './square.ts'

let square: Square
before(async () => {
  square = await openSquare()
})
after(() => square.close())

const people = (count: number): UserId[] => Array.from({ length: count }, () => square.addAccount())
const two = () => people(2) as [UserId, UserId]
const versions = async (...ids: UserId[]) => {
  const found = new Map(
    (await square.service.relationVersions({ ids })).map(({ id, version }) => [id, version]),
  )
  return ids.map(id => found.get(id) ?? 0)
}

test('a follow is there at once, on both sides', async () => {
  const [ana, ben] = two()
  assert.equal(await square.as(ben).follow({ id: ana }), null)
  const seen = await square.as(ben).get({ id: ana })
  assert.deepEqual(
    [seen.followerCount, seen.followingCount, seen.following, seen.followedBy],
    [1, 0, true, false],
  )
  const back = await square.as(ana).get({ id: ben })
  assert.deepEqual(
    [back.followerCount, back.followingCount, back.following, back.followedBy],
    [0, 1, false, true],
  )
  const stranger = await square.as(undefined).get({ id: ana })
  assert.ok(!('following' in stranger) && !('followedBy' in stranger))
})

test('twice is the same as once: one row, one event, one raise', async () => {
  const [ana, ben] = two()
  await square.as(ben).follow({ id: ana })
  const once = await versions(ana, ben)
  await square.as(ben).follow({ id: ana })
  assert.deepEqual(await versions(ana, ben), once)
  assert.equal((await square.as(undefined).get({ id: ana })).followerCount, 1)
  assert.equal((await square.events('followed', ben)).length, 1)
  await square.as(ben).unfollow({ id: ana })
  await square.as(ben).unfollow({ id: ana })
  assert.equal((await square.as(undefined).get({ id: ana })).followerCount, 0)
  assert.equal((await square.events('unfollowed', ben)).length, 1)
})

for (const kind of ['follow', 'block', 'mute'] as const) {
  test(`one cannot ${kind} oneself, nor nobody, nor without logging in`, async () => {
    const [ana] = two()
    await assert.rejects(square.as(ana)[kind]({ id: ana }), { code: 'not-yourself' })
    await assert.rejects(square.as(ana)[kind]({ id: square.nobody() }), { code: 'user-not-found' })
    await assert.rejects(square.as(undefined)[kind]({ id: ana }), { code: 'unauthenticated' })
    await assert.rejects(square.as(ana, 0, [])[kind]({ id: square.addAccount() }), { code: 'forbidden' })
    await assert.rejects(square.as(ana)[kind]({ id: 'post_01h455vb4pex5vsknk084sn02q' as never }), {
      code: 'invalid-input',
    })
  })

  test(`a ${kind} and its undoing raise the versions of both`, async () => {
    const [ana, ben] = two()
    await square.as(ben).get({ id: ana })
    await square.as(ana).get({ id: ben })
    const before = await versions(ana, ben)
    await square.as(ben)[kind]({ id: ana })
    const during = await versions(ana, ben)
    await square.as(ben)[`un${kind}`]({ id: ana })
    const afterwards = await versions(ana, ben)
    for (const i of [0, 1]) assert.ok(before[i]! < during[i]! && during[i]! < afterwards[i]!)
  })
}

test('whose relations nobody has asked for or changed has version 0, by being left out', async () => {
  assert.deepEqual(await square.service.relationVersions({ ids: [square.nobody()] }), [])
  assert.deepEqual(await square.service.relations({ id: square.nobody() }), {
    version: 0,
    following: [],
    blocked: [],
    muted: [],
    suspended: false,
  })
})

test('relations come whole, with the version they belong to', async () => {
  const [ana, ben, eva, leo, mia] = people(5) as [UserId, UserId, UserId, UserId, UserId]
  await square.as(ana).follow({ id: ben })
  await square.as(ana).block({ id: eva })
  await square.as(leo).block({ id: ana })
  await square.as(ana).mute({ id: mia })
  const relations = await square.service.relations({ id: ana })
  assert.deepEqual(
    [relations.following, relations.blocked.toSorted(), relations.muted],
    [[ben], [eva, leo].toSorted(), [mia]],
  )
  assert.deepEqual(await versions(ana), [relations.version])
})

test('how the viewer stands to others is told for each of them, in their order', async () => {
  const [ana, ben, eva] = people(3) as [UserId, UserId, UserId]
  await square.as(ana).follow({ id: ben })
  await square.as(ben).follow({ id: ana })
  await square.as(ana).mute({ id: ben })
  await square.as(eva).block({ id: ana })
  const nobody = square.nobody()
  const no = { following: false, followedBy: false, blocking: false, blockedBy: false, muting: false }
  assert.deepEqual(await square.service.relationsBetween({ viewer: ana, others: [eva, ben, nobody] }), [
    { ...no, id: eva, blockedBy: true },
    { ...no, id: ben, following: true, followedBy: true, muting: true },
    { ...no, id: nobody },
  ])
})

test('a block ends the follows both ways, at once, and unblocking does not bring them back', async () => {
  const [ana, ben] = two()
  await square.as(ana).follow({ id: ben })
  await square.as(ben).follow({ id: ana })
  await square.as(ana).block({ id: ben })
  assert.deepEqual((await square.service.relations({ id: ben })).following, [])
  assert.deepEqual((await square.service.relations({ id: ana })).following, [])
  assert.equal((await square.events('unfollowed', ben)).length, 1)
  assert.equal((await square.events('unfollowed', ana)).length, 1)
  await square.as(ana).unblock({ id: ben })
  const seen = await square.as(ana).get({ id: ben })
  assert.deepEqual([seen.followerCount, seen.followingCount, seen.following], [0, 0, false])
})

test('who was blocked finds neither profile nor lists, and cannot follow; the blocker still sees them', async () => {
  const [ana, ben] = two()
  const { username } = square.account(ana)
  await square.as(ana).block({ id: ben })
  const notFound = { code: 'user-not-found' }
  await assert.rejects(square.as(ben).get({ id: ana }), notFound)
  await assert.rejects(square.as(ben).followers({ id: ana }), notFound)
  await assert.rejects(square.as(ben).following({ id: ana }), notFound)
  await assert.rejects(square.as(ben).follow({ id: ana }), notFound)
  assert.deepEqual((await square.as(ben).find({ username })).items, [])
  assert.equal((await square.as(ana).get({ id: ben })).id, ben)
  await assert.rejects(square.as(ana).follow({ id: ben }), { code: 'blocked-by-you' })
})

test('a list does not show those who blocked the one who asks, and the pages stay full', async () => {
  const [ana, viewer, ...fans] = people(14) as [UserId, UserId, ...UserId[]]
  for (const fan of fans) await square.as(fan).follow({ id: ana })
  for (const fan of fans.slice(0, 4)) await square.as(fan).block({ id: viewer })
  const page = await square.as(viewer).followers({ id: ana, limit: 8 })
  assert.deepEqual(
    page.items.map(item => item.id),
    fans.slice(4).toReversed(),
  )
  assert.equal(page.nextCursor, null)
})

test('lists are newest first and page both ways without gap or double', async () => {
  const [ana, ...others] = people(8) as [UserId, ...UserId[]]
  for (const other of others) await square.as(ana).follow({ id: other })
  const newestFirst = others.toReversed()
  const list = (input: { limit?: number; cursor?: string }) => square.as(ana).following({ id: ana, ...input })
  const first = await list({ limit: 3 })
  const second = await list({ limit: 3, cursor: first.nextCursor! })
  const third = await list({ limit: 3, cursor: second.nextCursor! })
  const walked = [first, second, third].flatMap(page => page.items.map(item => item.id))
  assert.deepEqual(walked, newestFirst)
  assert.equal(third.nextCursor, null)
  const back = await list({ limit: 3, cursor: third.prevCursor! })
  assert.deepEqual(
    back.items.map(item => item.id),
    second.items.map(item => item.id),
  )
})

test('somebody new at the top is found by prevCursor, and pages below do not move', async () => {
  const [ana, ...fans] = people(6) as [UserId, ...UserId[]]
  for (const fan of fans.slice(0, 4)) await square.as(fan).follow({ id: ana })
  const first = await square.as(undefined).followers({ id: ana, limit: 2 })
  await square.as(fans[4]!).follow({ id: ana })
  const newer = await square.as(undefined).followers({ id: ana, limit: 2, cursor: first.prevCursor! })
  assert.deepEqual(
    newer.items.map(item => item.id),
    [fans[4]],
  )
  const below = await square.as(undefined).followers({ id: ana, limit: 2, cursor: first.nextCursor! })
  assert.deepEqual(
    below.items.map(item => item.id),
    [fans[1], fans[0]],
  )
})

test('entries of a list say how the viewer stands to each', async () => {
  const [ana, ben, eva] = people(3) as [UserId, UserId, UserId]
  await square.as(ben).follow({ id: ana })
  await square.as(eva).follow({ id: ana })
  await square.as(ben).follow({ id: eva })
  const { items } = await square.as(ben).followers({ id: ana })
  assert.deepEqual(
    items.map(item => [item.id, item.following, item.followedBy]),
    [
      [eva, true, false],
      [ben, false, false],
    ],
  )
})

test('a cursor of another list, or of no list, is refused', async () => {
  const [ana, ben, eva] = people(3) as [UserId, UserId, UserId]
  await square.as(ben).follow({ id: ana })
  await square.as(eva).follow({ id: ana })
  const { nextCursor } = await square.as(ana).followers({ id: ana, limit: 1 })
  await assert.rejects(square.as(ana).following({ id: ana, cursor: nextCursor! }), { code: 'invalid-cursor' })
  await assert.rejects(square.as(ana).followers({ id: ana, cursor: 'x' }), { code: 'invalid-cursor' })
})
