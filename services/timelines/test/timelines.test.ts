import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { PageOf, PostId, UserId } from '@plaza/kernel/contract'
import { type Post, posts } from '@plaza/posts/contract'
import { asking } from '@plaza/testing'
import { openSocialSquare, type SocialSquare } from '@plaza/testing/social-square'
import { users } from '@plaza/users/contract'
import { timelines } from '../src/contract.ts'
import { timelinesService } from '../src/service.ts'

let square: SocialSquare
before(async () => {
  square = await openSocialSquare([timelinesService])
})
after(() => square[Symbol.asyncDispose]())

const texts = (page: PageOf<Post>) => page.items.map(post => post.text)
const home = async (id: UserId, page = {}) => texts(await square.as(timelines, id).home(page))
const everybodys = async (id?: UserId) => texts(await square.as(timelines, id).public({ limit: 100 }))
const tagged = async (tag: string, id?: UserId) => texts(await square.as(timelines, id).tag({ tag }))
const post = (by: UserId, text: string, visibility: 'public' | 'followers' = 'public') =>
  square.as(posts, by).create({ text, visibility })
const follow = (by: UserId, id: UserId) => square.as(users, by).follow({ id })

/** Others' news may be late by a second. */
async function soon(isSo: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 5_000
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`After 5 s it is still not so that ${isSo}`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

test('home shows my own posts at once, and of those I follow what they post', async () => {
  const [ana, ben] = [square.addPerson(), square.addPerson()]
  assert.deepEqual(await home(ana), [])
  await post(ana, 'mine')
  assert.deepEqual(await home(ana), ['mine'])
  await follow(ana, ben)
  await home(ana)
  await post(ben, 'of Ben')
  await soon(async () => (await home(ana)).length === 2)
  assert.deepEqual(await home(ana), ['of Ben', 'mine'])
  assert.deepEqual(await home(ben), ['of Ben'])
})

test('the own edit and the own deletion show at once', async () => {
  const ana = square.addPerson()
  const one = await post(ana, 'one')
  const two = await post(ana, 'two')
  assert.deepEqual(await home(ana), ['two', 'one'])
  for (let i = 0; i < 10; i++) {
    await square.as(posts, ana).edit({ id: one.id, text: `one, edit ${i}` })
    assert.deepEqual(await home(ana), ['two', `one, edit ${i}`])
    assert.ok((await everybodys(ana)).includes(`one, edit ${i}`))
  }
  await square.as(posts, ana).delete({ id: two.id })
  assert.deepEqual(await home(ana), ['one, edit 9'])
  assert.ok(!(await everybodys(ana)).includes('two'))
})

test("others' edits and deletions show soon", async () => {
  const [ana, ben] = [square.addPerson(), square.addPerson()]
  const first = await post(ben, 'first')
  const second = await post(ben, 'second')
  await follow(ana, ben)
  assert.deepEqual(await home(ana), ['second', 'first'])
  await square.as(posts, ben).edit({ id: first.id, text: 'edited' })
  await square.as(posts, ben).delete({ id: second.id })
  await soon(async () => (await home(ana)).join() === 'edited')
})

test('a new follow shows older posts at once, an unfollow, a block and a mute hide them at once', async () => {
  const [ana, ben] = [square.addPerson(), square.addPerson()]
  await post(ben, 'older')
  await post(ben, 'for followers', 'followers')
  assert.deepEqual(await home(ana), [])
  const relate = square.as(users, ana)
  for (let i = 0; i < 3; i++) {
    await relate.follow({ id: ben })
    assert.deepEqual(await home(ana), ['for followers', 'older'])
    await relate.unfollow({ id: ben })
    assert.deepEqual(await home(ana), [])
  }
  await relate.follow({ id: ben })
  await relate.mute({ id: ben })
  assert.deepEqual(await home(ana), [])
  await relate.unmute({ id: ben })
  assert.deepEqual(await home(ana), ['for followers', 'older'])
  await square.as(users, ben).block({ id: ana })
  assert.deepEqual(await home(ana), [])
})

test('the public timeline has the public posts of all, but not of whom one muted, blocked or was blocked by', async () => {
  const [ana, ben, cid] = [square.addPerson(), square.addPerson(), square.addPerson()]
  await post(ben, 'Ben to all')
  await post(cid, 'Cid to all')
  await post(cid, 'Cid to followers', 'followers')
  const seen = async (id?: UserId) => (await everybodys(id)).filter(text => /^(Ben|Cid) to/.test(text))
  await soon(async () => (await seen(ana)).length === 2 && (await seen()).length === 2)
  assert.deepEqual(await seen(ana), ['Cid to all', 'Ben to all'])
  await square.as(users, ana).mute({ id: ben })
  await square.as(users, cid).block({ id: ana })
  assert.deepEqual(await seen(ana), [])
  assert.deepEqual(await seen(), ['Cid to all', 'Ben to all'])
  await square.as(users, ana).unmute({ id: ben })
  assert.deepEqual(await seen(ana), ['Ben to all'])
})

test('a post is in the public timeline and under its tags at once for its author, soon for others', async () => {
  const ana = square.addPerson()
  for (let i = 0; i < 10; i++) {
    await post(ana, `now ${i} #AtOnce`)
    assert.equal((await everybodys(ana))[0], `now ${i} #AtOnce`)
    assert.equal((await tagged('atonce', ana))[0], `now ${i} #AtOnce`)
  }
  await soon(async () => (await everybodys()).includes('now 9 #AtOnce'))
  await soon(async () => (await tagged('ATONCE')).length === 10)
  assert.deepEqual(await tagged('nothing'), [])
})

test('under a tag one does not see whom one blocked', async () => {
  const [ana, ben] = [square.addPerson(), square.addPerson()]
  await post(ben, 'x #blocked')
  assert.deepEqual(await tagged('blocked', ana), ['x #blocked'])
  await square.as(users, ana).block({ id: ben })
  assert.deepEqual(await tagged('blocked', ana), [])
})

test('a post says who wrote it, as they are called now: oneself at once, others soon', async () => {
  const [ana, ben] = [square.addPerson(), square.addPerson()]
  await follow(ana, ben)
  await post(ben, 'hello')
  const nameFor = async (id: UserId) => (await square.as(timelines, id).home({})).items[0]?.author.displayName
  await soon(async () => (await nameFor(ana)) !== undefined)
  await nameFor(ben)
  await square.as(users, ben).editMe({ displayName: 'Benjamin' })
  assert.equal(await nameFor(ben), 'Benjamin')
  await soon(async () => (await nameFor(ana)) === 'Benjamin')
})

test('those who are logged in see whether they liked a post, others see nothing of it', async () => {
  const ana = square.addPerson()
  await post(ana, 'liked?')
  const [own] = (await square.as(timelines, ana).public({})).items
  assert.deepEqual([own!.liked, own!.reposted], [false, false])
  await soon(async () => (await everybodys()).includes('liked?'))
  for (const each of (await square.as(timelines).public({})).items)
    assert.ok(!('liked' in each) && !('reposted' in each))
})

const asked = (id: UserId) => square.as(posts, id)
type Lists = 'home' | 'public' | 'tag'
const listed = async (list: Lists, id: UserId | undefined, postId: PostId) => {
  const client = square.as(timelines, id)
  const page = await (list === 'tag'
    ? client.tag({ tag: 'lists', limit: 100 })
    : client[list]({ limit: 100 }))
  return page.items.find(each => each.id === postId)
}

test('counts, and what others did to a post, show soon in every list, for each who looks', async () => {
  const [ana, ben, cid] = [square.addPerson(), square.addPerson(), square.addPerson()]
  const { id } = await post(ana, 'counted #lists')
  await follow(ben, ana)
  await asked(ben).like({ id })
  await asked(cid).like({ id })
  await asked(cid).repost({ id })
  await asked(ben).comment({ id, text: 'an answer' })
  const lists = ['home', 'public', 'tag'] as const
  for (const list of lists) {
    await soon(async () => {
      const { likeCount, replyCount, repostCount, liked, reposted } = (await listed(list, ben, id)) ?? {}
      return String([likeCount, replyCount, repostCount, liked, reposted]) === '2,1,1,true,false'
    })
  }
  for (const list of ['public', 'tag'] as const) {
    assert.deepEqual((await listed(list, cid, id))?.reposted, true)
    await soon(async () => (await listed(list, undefined, id))?.likeCount === 2)
  }
  await asked(ben).unlike({ id })
  for (const list of lists) {
    assert.equal((await listed(list, ben, id))?.liked, false)
    await soon(async () => (await listed(list, ben, id))?.likeCount === 1)
  }
})

test('a repost shows soon to those who follow, with who made it and when, and is gone soon when it is taken back', async () => {
  const [ana, ben, cid] = [square.addPerson(), square.addPerson('benjamin'), square.addPerson()]
  await follow(ana, ben)
  const { id } = await post(cid, 'worth a repost')
  assert.deepEqual(await home(ana), [])
  await asked(ben).repost({ id })
  await soon(async () => (await home(ana)).length === 1)
  const [shown] = (await square.as(timelines, ana).home({})).items
  assert.deepEqual([shown?.id, shown?.author.id], [id, cid])
  const { avatarUrl, ...by } = shown!.repostedBy!
  assert.deepEqual([by, avatarUrl], [{ id: ben, username: 'benjamin', displayName: 'benjamin' }, null])
  assert.match(shown!.repostedAt!, /^2.*Z$/)
  await square.as(users, ben).editMe({ displayName: 'Ben' })
  await soon(
    async () => (await square.as(timelines, ana).home({})).items[0]?.repostedBy?.displayName === 'Ben',
  )
  await asked(ben).unrepost({ id })
  await soon(async () => (await home(ana)).length === 0)
})

test('what moderation hides is gone soon from every list, reposts too', async () => {
  const [ana, ben] = [square.addPerson(), square.addPerson()]
  await follow(ana, ben)
  const { id } = await post(ben, 'to be hidden #lists')
  await asked(ana).repost({ id })
  for (const list of ['home', 'public', 'tag'] as const)
    await soon(async () => (await listed(list, ana, id)) !== undefined)
  await square.instances[0]!.call(posts).hide({ id }, asking())
  for (const list of ['home', 'public', 'tag'] as const) {
    await soon(async () => (await listed(list, ana, id)) === undefined)
    if (list !== 'home') await soon(async () => (await listed(list, undefined, id)) === undefined)
  }
})

test('nothing of who is suspended is shown, nor what they reposted; pages kept for all forget them too', async () => {
  const [ana, ben, cid] = [square.addPerson(), square.addPerson(), square.addPerson()]
  for (const id of [ben, cid]) await follow(ana, id)
  const { id: own } = await post(ben, 'of who is suspended #lists')
  const { id: other } = await post(square.addPerson(), 'reposted by who is suspended')
  await asked(ben).repost({ id: other })
  await asked(cid).repost({ id: own })
  const seen = async () => (await home(ana)).length
  await soon(async () => (await seen()) === 2)
  await soon(async () => (await listed('public', undefined, own)) !== undefined)
  await square.suspend(ben)
  await soon(async () => (await listed('public', undefined, own)) === undefined)
  await soon(async () => (await seen()) === 0)
  for (const list of ['public', 'tag'] as const)
    await soon(async () => (await listed(list, ana, own)) === undefined)
  await square.suspend(ben, false)
  await soon(async () => (await seen()) === 2)
  for (const list of ['public', 'tag'] as const)
    await soon(async () => (await listed(list, ana, own)) !== undefined)
})

test('home is for those who are logged in; bad cursors and parameters are refused', async () => {
  const ana = square.addPerson()
  await assert.rejects(square.as(timelines).home({}), { code: 'unauthenticated' })
  const { nextCursor } = await square
    .as(posts, ana)
    .listByAuthor({ id: ana, limit: 1 })
    .then(async () => {
      await post(ana, 'a')
      await post(ana, 'b')
      return square.as(posts, ana).listByAuthor({ id: ana, limit: 1 })
    })
  for (const page of [{ cursor: 'x' }, { cursor: nextCursor! }, { limit: 101 }, { page: 1 }]) {
    await assert.rejects(square.as(timelines, ana).home(page as never), { category: 'invalid' })
    await assert.rejects(square.as(timelines).public(page as never), { category: 'invalid' })
  }
})

test('going up from the top of home gives what came since, each post once', async () => {
  const [ana, ben] = [square.addPerson(), square.addPerson()]
  await follow(ana, ben)
  await post(ben, '0')
  let cursor: string | null = null
  await soon(async () => {
    cursor = (await square.as(timelines, ana).home({})).prevCursor
    return cursor !== null
  })
  const seen: PostId[] = []
  for (let i = 1; i <= 30; i++) {
    await post(i % 3 === 0 ? ana : ben, `${i}`)
    const page = await square.as(timelines, ana).home({ cursor: cursor! })
    seen.push(...page.items.map(each => each.id))
    cursor = page.prevCursor
  }
  await soon(async () => {
    const page = await square.as(timelines, ana).home({ cursor: cursor! })
    seen.push(...page.items.map(each => each.id))
    cursor = page.prevCursor
    return seen.length >= 30
  })
  assert.equal(new Set(seen).size, 30)
  assert.equal(seen.length, 30)
})
