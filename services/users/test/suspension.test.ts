import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { UserId } from '@plaza/kernel/contract'
import { openSquare, type Square } from './square.ts'

let square: Square
before(async () => {
  square = await openSquare()
})
after(() => square.close())

const suspend = async (id: UserId, suspended = true) => {
  await square.tellSuspended(id, suspended)
  await square.until(async () => (await square.service.relations({ id })).suspended === suspended)
}
const namesIn = async (list: 'followers' | 'following', id: UserId, by?: UserId) =>
  (await square.as(by)[list]({ id })).items.map(item => item.username)

test('who is suspended is not found by anybody, and is there again when it is lifted', async () => {
  const [ana, ben] = [square.addAccount({ username: 'sus_ana' }), square.addAccount()]
  await square.as(ben).follow({ id: ana })
  await suspend(ana)
  for (const viewer of [undefined, ben, ana]) {
    await assert.rejects(square.as(viewer).get({ id: ana }), { code: 'user-not-found' })
    await assert.rejects(square.as(viewer).followers({ id: ana }), { code: 'user-not-found' })
    await assert.rejects(square.as(viewer).following({ id: ana }), { code: 'user-not-found' })
    assert.deepEqual((await square.as(viewer).find({ username: 'sus_ana' })).items, [])
  }
  await suspend(ana, false)
  const seen = await square.as(ben).get({ id: ana })
  assert.deepEqual([seen.followerCount, seen.following], [1, true])
  assert.equal((await square.as(undefined).find({ username: 'sus_ana' })).items[0]?.id, ana)
})

test('who judges people sees whom they judged', async () => {
  const [ana, mona] = [square.addAccount({ username: 'sus_judged' }), square.addAccount()]
  await square.as(mona).get({ id: ana })
  await suspend(ana)
  for (const role of ['moderator', 'admin'] as const) {
    assert.equal((await square.as(mona, 0, [role]).get({ id: ana })).id, ana)
    assert.equal((await square.as(mona, 0, [role]).find({ username: 'sus_judged' })).items.length, 1)
  }
  await assert.rejects(square.as(mona, 0, ['user', 'seller']).get({ id: ana }), { code: 'user-not-found' })
})

test('who is suspended stands in no list, and pages are as full as ever', async () => {
  const ana = square.addAccount()
  const fans = Array.from({ length: 6 }, (_, i) => square.addAccount({ username: `fan_${i}` }))
  for (const fan of fans) {
    await square.as(fan).follow({ id: ana })
    await square.as(ana).follow({ id: fan })
  }
  await suspend(fans[4]!)
  await suspend(fans[2]!)
  for (const list of ['followers', 'following'] as const) {
    const first = await square.as(undefined)[list]({ id: ana, limit: 3 })
    assert.deepEqual(
      first.items.map(item => item.username),
      ['fan_5', 'fan_3', 'fan_1'],
    )
    const last = await square.as(undefined)[list]({ id: ana, limit: 3, cursor: first.nextCursor! })
    assert.deepEqual(
      last.items.map(item => item.username),
      ['fan_0'],
    )
    const back = await square.as(undefined)[list]({ id: ana, limit: 3, cursor: last.prevCursor! })
    assert.deepEqual(back.items, first.items)
  }
  await suspend(fans[4]!, false)
  assert.deepEqual(await namesIn('followers', ana), ['fan_5', 'fan_4', 'fan_3', 'fan_1', 'fan_0'])
})

test('who is suspended cannot be followed, but left, blocked and muted', async () => {
  const [ana, ben, eva] = [square.addAccount(), square.addAccount(), square.addAccount()]
  await square.as(ben).follow({ id: ana })
  await suspend(ana)
  await assert.rejects(square.as(eva).follow({ id: ana }), { code: 'user-not-found' })
  await assert.rejects(square.as(ben).follow({ id: ana }), { code: 'user-not-found' })
  await square.as(ben).unfollow({ id: ana })
  await square.as(ben).mute({ id: ana })
  await square.as(eva).block({ id: ana })
  await suspend(ana, false)
  assert.equal((await square.as(ben).get({ id: ana })).followerCount, 0)
})

test('a suspension before anybody looked for the profile holds when it is made', async () => {
  const ana = square.addAccount()
  await suspend(ana)
  await assert.rejects(square.as(undefined).get({ id: ana }), { code: 'user-not-found' })
  await suspend(ana, false)
  assert.equal((await square.as(undefined).get({ id: ana })).id, ana)
})
