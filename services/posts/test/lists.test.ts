import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { PageOf, PostId, UserId } from '@plaza/kernel/contract'
import type { Post } from '../src/contract.ts'
import { asClient, openSquare, type Square } from './square.ts'

let square: Square
before(async () => {
  square = await openSquare()
})
after(() => square.close())

const texts = (page: PageOf<Post>) => page.items.map(post => post.text)

async function write(
  by: UserId,
  count: number,
  visibility: 'public' | 'followers' = 'public',
): Promise<Post[]> {
  const written: Post[] = []
  for (let i = 0; i < count; i++) written.push(await square.create(by, `${visibility} ${i}`, { visibility }))
  return written
}

test("a person's posts are paged newest first, each once, and upwards again", async () => {
  const ana = square.users.add('ana')
  await write(ana, 5)
  const first = await square.list(ana, undefined, { limit: 2 })
  assert.deepEqual(texts(first), ['public 4', 'public 3'])
  const second = await square.list(ana, undefined, { limit: 2, cursor: first.nextCursor! })
  assert.deepEqual(texts(second), ['public 2', 'public 1'])
  const last = await square.list(ana, undefined, { limit: 2, cursor: second.nextCursor! })
  assert.deepEqual([texts(last), last.nextCursor], [['public 0'], null])
  const back = await square.list(ana, undefined, { limit: 2, cursor: second.prevCursor! })
  assert.deepEqual(texts(back), texts(first))
  const news = await square.list(ana, undefined, { cursor: back.prevCursor! })
  assert.deepEqual(texts(news), [])
  await write(ana, 1)
  assert.deepEqual(texts(await square.list(ana, undefined, { cursor: news.prevCursor! })), ['public 0'])
})

test('pages are full for those who may not see all of it', async () => {
  const [bea, cid] = [square.users.add('bea'), square.users.add('cid')]
  for (let i = 0; i < 4; i++) {
    await write(bea, 1, 'public')
    await write(bea, 5, 'followers')
  }
  const page = await square.list(bea, cid, { limit: 3 })
  assert.equal(page.items.filter(post => post.visibility === 'public').length, 3)
  const rest = await square.list(bea, cid, { limit: 3, cursor: page.nextCursor! })
  assert.deepEqual([rest.items.length, rest.nextCursor], [1, null])
  assert.equal((await square.list(bea, undefined, { limit: 100 })).items.length, 4)
  assert.equal((await square.list(bea, bea, { limit: 100 })).items.length, 24)
  square.users.relate('follow', cid, bea)
  assert.equal((await square.list(bea, cid, { limit: 100 })).items.length, 24)
})

test('who was blocked finds nobody there, who blocked finds nothing to read', async () => {
  const [dan, eve] = [square.users.add('dan'), square.users.add('eve')]
  await write(dan, 1)
  await write(eve, 1)
  square.users.relate('block', dan, eve)
  await assert.rejects(square.list(dan, eve), { code: 'user-not-found' })
  assert.deepEqual(await square.list(eve, dan), { items: [], nextCursor: null, prevCursor: null })
  await assert.rejects(square.list('user_00000000000000000000000000', eve), { code: 'user-not-found' })
})

test('an edit and a deletion show in the list at once', async () => {
  const fay = square.users.add('fay')
  const [one, two] = await write(fay, 2)
  await square.list(fay)
  await square.edit(one!.id, 'edited', fay)
  await square.delete(two!.id, fay)
  assert.deepEqual(texts(await square.list(fay)), ['edited'])
})

test('posts of several people are one list, exact above and below any of them', async () => {
  const people = ['gil', 'hal', 'ida'].map(square.users.add)
  const all: PostId[] = []
  for (let i = 0; i < 12; i++) {
    const [post] = await write(people[(i * 2) % 3]!, 1, i % 4 === 0 ? 'followers' : 'public')
    all.unshift(post!.id)
  }
  const page = async (authors: UserId[], span: object) =>
    (await square.service.pageByAuthors({ authors, limit: 100, ...span }, asClient())).ids
  assert.deepEqual(await page(people, {}), all)
  assert.deepEqual(await page(people, { before: all[3]!, limit: 4 }), all.slice(4, 8))
  assert.deepEqual(await page(people, { after: all[8]!, limit: 3 }), [all[7], all[6], all[5]])
  assert.deepEqual(await page([], {}), [])
  assert.equal((await page(people.slice(0, 1), {})).length, 4)
})

test('one who writes much more than the others, or last, leaves no hole in the list of all', async () => {
  const people = Array.from({ length: 8 }, (_, i) => square.users.add(`uneven_${i}`))
  const all: PostId[] = []
  const order = [0, 1, 2, 3, ...Array<number>(30).fill(4), 5, 0, 1, ...Array<number>(9).fill(6), 2, 3, 7]
  for (const i of order) all.unshift((await write(people[i]!, 1))[0]!.id)
  for (const limit of [1, 2, 5, 6, 20, 40, 100]) {
    const walked: PostId[] = []
    for (let before: PostId | undefined; ; before = walked.at(-1)) {
      const span = { authors: people, limit, ...(before && { before }) }
      const { ids } = await square.service.pageByAuthors(span, asClient())
      walked.push(...ids)
      if (ids.length < limit) break
    }
    assert.deepEqual(walked, all, `pages of ${limit}`)
    const climbed: PostId[] = [all.at(-1)!]
    for (;;) {
      const span = { authors: people, limit, after: climbed.at(-1)! }
      const { ids } = await square.service.pageByAuthors(span, asClient())
      climbed.push(...ids)
      if (ids.length < limit) break
    }
    assert.deepEqual(climbed.reverse(), all, `pages of ${limit} upwards`)
  }
})

test('public lists leave out posts for followers and the people named, tags in any case', async () => {
  const [jo, kim] = [square.users.add('jo'), square.users.add('kim')]
  const ofJo = await square.create(jo, 'about #Straße')
  await square.create(jo, 'secret about #straße', { visibility: 'followers' })
  const ofKim = await square.create(kim, '#STRASSE and #STRAßE')
  const span = { without: [] as UserId[], limit: 2 }
  const { service } = square
  assert.deepEqual((await service.pagePublic(span, asClient())).ids, [ofKim.id, ofJo.id])
  assert.deepEqual((await service.pagePublic({ ...span, limit: 1, without: [kim] }, asClient())).ids, [
    ofJo.id,
  ])
  assert.deepEqual((await service.pagePublic({ ...span, after: ofJo.id }, asClient())).ids, [ofKim.id])
  const byTag = async (tag: string, more = {}) =>
    (await service.pageByTag({ tag, ...span, ...more }, asClient())).ids
  assert.deepEqual(await byTag('STRAßE'), [ofKim.id, ofJo.id])
  assert.deepEqual(await byTag('straße', { without: [jo] }), [ofKim.id])
  assert.deepEqual(await byTag('straße', { before: ofKim.id }), [ofJo.id])
  assert.deepEqual(await byTag('straße', { after: ofJo.id }), [ofKim.id])
  assert.deepEqual(await byTag('nothing'), [])
})

test('bad cursors, limits and parameters are refused', async () => {
  const lea = square.users.add('lea')
  for (const page of [
    { cursor: 'x' },
    { cursor: 'ho01h455vb4pex5vsknk084sn02q' },
    { limit: 0 },
    { limit: 101 },
    { page: 2 },
  ]) {
    await assert.rejects(square.list(lea, lea, page as never), { category: 'invalid' })
  }
  await assert.rejects(square.edge.get({ id: lea as never }, asClient()), { code: 'invalid-input' })
})
