import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { PostId, UserId } from '@plaza/kernel/contract'
import { asClient, openSquare, type Square } from './square.ts'

let square: Square
before(async () => {
  square = await openSquare()
})
after(() => square.close())

const page = async (authors: UserId[], span: object = {}) =>
  (await square.service.pageEntries({ authors, limit: 100, ...span }, asClient())).entries
const place = (entry: PostId) => entry.slice(0, 31) as PostId

async function repost(id: PostId, by: UserId): Promise<PostId> {
  await square.edge.repost({ id }, asClient(by))
  const told = (await square.events(by)).at(-1)!.data as { repostId: PostId }
  return `${told.repostId}~${id}~${by}`
}

test('posts and reposts of several people are one list by their place, without answers', async () => {
  const [ana, ben, cid] = ['ana', 'ben', 'cid'].map(square.users.add) as [UserId, UserId, UserId]
  const one = await square.create(ana, 'one')
  const two = await square.create(cid, 'two')
  const again = await repost(one.id, ben)
  const three = await square.create(ben, 'three', { visibility: 'followers' })
  await square.create(ana, 'an answer', { replyTo: two.id })
  const twice = await repost(two.id, ana)
  assert.deepEqual(await page([ana, ben]), [twice, three.id, again, one.id])
  assert.deepEqual(await page([ana, ben], { before: place(twice), limit: 2 }), [three.id, again])
  assert.deepEqual(await page([ana, ben], { after: place(again), limit: 1 }), [three.id])
  assert.deepEqual(await page([ana, ben], { after: one.id }), [again, three.id, twice])
  assert.deepEqual(await page([cid]), [two.id])
  assert.deepEqual(await page([]), [])
})

test('a repost goes with what was reposted: deleted, hidden, or taken back', async () => {
  const [dan, eve] = ['dan', 'eve'].map(square.users.add) as [UserId, UserId]
  const posts = []
  for (const text of ['deleted', 'hidden', 'taken back', 'buried']) posts.push(await square.create(dan, text))
  const [deleted, hidden, takenBack, buried] = posts
  await square.create(eve, 'keeps its place', { replyTo: buried!.id })
  for (const { id } of posts) await repost(id, eve)
  assert.equal((await page([eve])).length, 4)
  await square.delete(deleted!.id, dan)
  await square.service.hide({ id: hidden!.id }, asClient())
  await square.edge.unrepost({ id: takenBack!.id }, asClient(eve))
  await square.delete(buried!.id, dan)
  assert.deepEqual(await page([eve]), [])
  assert.deepEqual(await page([dan]), [takenBack!.id])
})

test('one who reposts much more than the others leaves no hole in the list of all, in pages of any size', async () => {
  const people = Array.from({ length: 8 }, (_, i) => square.users.add(`uneven_${i}`))
  const source = square.users.add('source')
  const originals: PostId[] = []
  for (let i = 0; i < 20; i++) originals.push((await square.create(source, `${i}`)).id)
  const all: PostId[] = []
  const order = [0, 1, 2, 3, ...Array<number>(30).fill(4), 5, 0, 1, ...Array<number>(9).fill(6), 2, 3, 7]
  const reposted = new Set<string>()
  for (const i of order) {
    const by = people[i]!
    const id = originals.find(each => !reposted.has(`${by} ${each}`))
    const isRepost = id !== undefined && all.length % 3 !== 0
    if (isRepost) reposted.add(`${by} ${id}`)
    all.unshift(isRepost ? await repost(id, by) : (await square.create(by, 'x')).id)
  }
  for (const limit of [1, 2, 5, 6, 20, 40, 100]) {
    const walked: PostId[] = []
    for (;;) {
      const last = walked.at(-1)
      const entries = await page(people, { limit, ...(last && { before: place(last) }) })
      walked.push(...entries)
      if (entries.length < limit) break
    }
    assert.deepEqual(walked, all, `pages of ${limit}`)
    const climbed: PostId[] = [all.at(-1)!]
    for (;;) {
      const entries = await page(people, { limit, after: place(climbed.at(-1)!) })
      climbed.push(...entries)
      if (entries.length < limit) break
    }
    assert.deepEqual(climbed.reverse(), all, `pages of ${limit} upwards`)
  }
})
