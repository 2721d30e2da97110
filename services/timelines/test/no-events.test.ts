import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { deriveContext, makeCall } from '@plaza/kernel/call'
import type { PostId, UserId } from '@plaza/kernel/contract'
import { asking, type BootedServices, bootServices } from '@plaza/testing'
import { timelines } from '../src/contract.ts'
import { timelinesWith } from '../src/service.ts'
import { silentNeighbours } from './silent-neighbours.ts'

// No event ever comes, so whatever shows at once was not waited for.
const others = silentNeighbours()
let booted: BootedServices
let ana: UserId
before(async () => {
  booted = await bootServices([...others.services, timelinesWith({ capacity: 6, onceAmong: 4 })])
})
after(() => booted[Symbol.asyncDispose]())
beforeEach(() => {
  ana = others.person()
})

async function read(list: 'home' | 'public', id: UserId, page = {}) {
  const client = makeCall(booted.host.dispatcher)(timelines)
  return client[list](page, deriveContext(asking(id), { caller: 'edge' }))
}
const texts = async (list: 'home' | 'public', id: UserId) =>
  (await read(list, id, { limit: 100 })).items.filter(post => post.author.id === id).map(post => post.text)

for (const list of ['home', 'public'] as const) {
  test(`${list}: own posts, edits and deletions show though nothing was heard of them`, async () => {
    const first = others.post(ana, 'first')
    assert.deepEqual(await texts(list, ana), ['first'])
    others.edit(first, 'first, edited')
    assert.deepEqual(await texts(list, ana), ['first, edited'])
    const second = others.post(ana, 'second')
    others.post(ana, 'third')
    assert.deepEqual(await texts(list, ana), ['third', 'second', 'first, edited'])
    others.delete(second)
    assert.deepEqual(await texts(list, ana), ['third', 'first, edited'])
    others.edit(first, 'again')
    assert.deepEqual(await texts(list, ana), ['third', 'again'])
  })
}

test('many own posts at once show, in full pages down to the first', async () => {
  await read('home', ana)
  for (let i = 0; i < 40; i++) others.post(ana, `${i}`)
  assert.deepEqual(
    await texts('home', ana),
    Array.from({ length: 40 }, (_, i) => `${39 - i}`),
  )
})

test("others' older posts show with the follow that moved the relations' version", async () => {
  const ben = others.person()
  for (let i = 0; i < 10; i++) others.post(ben, `${i}`)
  assert.deepEqual((await read('home', ana)).items, [])
  others.follow(ana, ben)
  assert.equal((await read('home', ana)).items.length, 10)
})

test('what the inbox holds is read without asking the database', async () => {
  for (let i = 0; i < 2; i++) others.post(ana, `${i}`)
  await read('home', ana)
  const before = others.pagesRead()
  assert.equal((await read('home', ana, { limit: 1 })).items.length, 1)
  assert.equal((await read('home', ana, { limit: 20 })).items.length, 2)
  assert.equal(others.pagesRead(), before)
})

const homeOf = async (id: UserId) => (await read('home', id, { limit: 100 })).items
const seenAs = (id: PostId, list: Awaited<ReturnType<typeof homeOf>>) => {
  const post = list.find(each => each.id === id)
  return post && { liked: post.liked, reposted: post.reposted }
}

for (const list of ['home', 'public'] as const) {
  test(`${list}: what one likes and reposts shows though nothing was heard of it`, async () => {
    const ids = Array.from({ length: 8 }, (_, i) => others.post(ana, `${i}`))
    const reactions = async () => {
      const { items } = await read(list, ana, { limit: 100 })
      return ids.map(id => seenAs(id, items))
    }
    const expected = ids.map(() => ({ liked: false, reposted: false }))
    assert.deepEqual(await reactions(), expected)
    for (const [i, id] of ids.entries()) {
      others.like(ana, id)
      expected[i]!.liked = true
      assert.deepEqual(await reactions(), expected)
      others.repost(ana, id)
      expected[i]!.reposted = true
      assert.deepEqual(await reactions(), expected)
      if (i % 2 === 0) continue
      others.like(ana, id, false)
      others.unrepost(ana, id)
      expected[i] = { liked: false, reposted: false }
      assert.deepEqual(await reactions(), expected)
    }
  })
}

test('an own repost is in home at once, and gone at once when it is taken back', async () => {
  const ben = others.person()
  const post = others.post(ben, 'of Ben')
  for (let i = 0; i < 4; i++) {
    assert.deepEqual(await homeOf(ana), [])
    others.repost(ana, post)
    const [shown] = await homeOf(ana)
    assert.deepEqual([shown?.id, shown?.repostedBy?.id, shown?.reposted], [post, ana, true])
    assert.ok(Math.abs(Date.now() - Date.parse(shown!.repostedAt!)) < 60_000)
    others.unrepost(ana, post)
  }
})

test('an own repost that was taken back and made again stands where it was made again', async () => {
  const ben = others.person()
  const posted = [others.post(ben, 'one'), others.post(ben, 'two')]
  for (const id of posted) others.repost(ana, id)
  const ids = async () => (await homeOf(ana)).map(post => post.id)
  assert.deepEqual(await ids(), [posted[1], posted[0]])
  others.unrepost(ana, posted[0]!)
  others.repost(ana, posted[0]!)
  assert.deepEqual(await ids(), [posted[0], posted[1]])
})

test('likes by oneself cost no page of ids once they were seen', async () => {
  const post = others.post(ana, 'x')
  await read('home', ana)
  others.like(ana, post)
  await read('home', ana)
  const before = others.pagesRead()
  for (let i = 0; i < 3; i++) assert.equal(seenAs(post, await homeOf(ana))?.liked, true)
  assert.equal(others.pagesRead(), before)
})

test('reactions to posts older than memory knows are asked for once a page', async () => {
  const ids = Array.from({ length: 6 }, (_, i) => others.post(ana, `${i}`))
  for (const id of ids) others.like(ana, id)
  const before = others.reactionsAsked()
  const items = await homeOf(ana)
  assert.deepEqual(
    items.map(post => post.liked),
    ids.map(() => true),
  )
  const asked = others.reactionsAsked() - before
  // The network may repeat a call.
  assert.ok(asked === 1 || asked === 2, `asked ${asked} times`)
})

test('comments are in no timeline', async () => {
  const post = others.post(ana, 'first')
  for (const list of ['home', 'public'] as const) {
    await read(list, ana)
    others.post(ana, 'a comment', { replyTo: post })
    assert.deepEqual(await texts(list, ana), ['first'])
  }
})

test('what somebody reposts is not shown when it is of whom one blocked, or not for all, and the page is filled', async () => {
  const [ben, cid, dan] = [others.person(), others.person(), others.person()]
  others.follow(ana, ben)
  others.block(ana, cid)
  const shown = Array.from({ length: 3 }, (_, i) => others.post(dan, `Dan ${i}`))
  others.repost(ben, shown[0]!)
  others.repost(ben, others.post(cid, 'of Cid'))
  others.repost(ben, shown[1]!)
  others.repost(ben, others.post(dan, 'for followers', { visibility: 'followers' }))
  others.repost(ben, shown[2]!)
  const first = await read('home', ana, { limit: 2 })
  assert.deepEqual(
    first.items.map(post => post.text),
    ['Dan 2', 'Dan 1'],
  )
  const rest = await read('home', ana, { limit: 2, cursor: first.nextCursor! })
  assert.deepEqual(
    rest.items.map(post => post.text),
    ['Dan 0'],
  )
})

test('a post is shown once among the entries of a home, whether read down or up, in memory or below it', async () => {
  const [ben, cid] = [others.person(), others.person()]
  for (const id of [ben, cid]) others.follow(ana, id)
  // Among four; the inbox holds six.
  const far = others.post(cid, 'far')
  for (let i = 0; i < 4; i++) others.post(ben, `ben ${i}`)
  const near = others.post(cid, 'near')
  others.repost(ben, near)
  others.repost(ben, far)
  others.post(ben, 'between 1')
  others.post(ben, 'between 2')
  others.repost(ana, near)
  others.repost(ana, far)
  const expected = ['far', 'near', 'between 2', 'between 1', 'far', 'near'].concat([
    'ben 3',
    'ben 2',
    'ben 1',
    'ben 0',
    'far',
  ])
  for (const limit of [1, 2, 3, 5, 100]) {
    const down: string[] = []
    let page = await read('home', ana, { limit })
    for (;;) {
      down.push(...page.items.map(post => post.text))
      if (page.nextCursor === null) break
      page = await read('home', ana, { limit, cursor: page.nextCursor })
    }
    assert.deepEqual(down, expected)
    const up: string[] = []
    const fromLast = page.items.length
    for (let cursor = page.prevCursor!; ; cursor = page.prevCursor!) {
      page = await read('home', ana, { limit, cursor })
      if (page.items.length === 0) break
      up.unshift(...page.items.map(post => post.text))
    }
    assert.deepEqual(up, expected.slice(0, expected.length - fromLast))
  }
})
