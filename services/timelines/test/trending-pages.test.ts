import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { UserId } from '@plaza/kernel/contract'
import { openTrendingSquare, type TrendingSquare, textsOf, until } from './trending-square.ts'

let square: TrendingSquare
let viewer: UserId
/** The first has the most voices. */
const wanted = Array.from({ length: 30 }, (_, i) => `${30 - i}`)
const likers = 30

before(async () => {
  square = await openTrendingSquare(2)
  viewer = square.person()
  const author = square.person()
  const people = square.people(likers)
  for (let i = 1; i <= wanted.length; i++) {
    const id = await square.post(author, `${i}`)
    await square.like(id, ...people.slice(0, i))
    for (const by of people.slice(0, i))
      await square.post(by, 'x', { tags: [`tag${i}`], visibility: 'public' })
  }
  const isThere = async (instance: number) =>
    textsOf(await square.posts(viewer, { limit: 100 }, instance)).join() === wanted.join() &&
    (await square.tags({ limit: 100 }, undefined, instance)).items.every(
      ({ tag, peopleCount }) => `tag${peopleCount}` === tag,
    )
  // Whoever fails here is not asked to close what was opened.
  await until(async () => (await isThere(0)) && (await isThere(1))).catch(async error => {
    await square.close()
    throw error
  })
})
after(() => square.close())

for (const who of ['nobody', 'somebody'] as const) {
  test(`pages for ${who} give every post once, in order, down and up`, async () => {
    const id = who === 'somebody' ? viewer : undefined
    const down: string[] = []
    let page = await square.posts(id, { limit: 7 })
    for (;;) {
      down.push(...textsOf(page))
      if (page.nextCursor === null) break
      page = await square.posts(id, { limit: 7, cursor: page.nextCursor })
    }
    assert.deepEqual(down, wanted)
    let up = textsOf(page)
    while (page.items.length > 0 && page.prevCursor !== null) {
      page = await square.posts(id, { limit: 7, cursor: page.prevCursor })
      up = [...textsOf(page), ...up]
    }
    assert.deepEqual(up, wanted)
  })
}

test('pages of tags give every tag once, in order, at whatever instance', async () => {
  const seen: number[] = []
  let cursor: string | null = null
  let instance = 0
  do {
    const page = await square.tags({ limit: 7, ...(cursor && { cursor }) }, viewer, instance++ % 2)
    seen.push(...page.items.map(({ peopleCount }) => peopleCount))
    cursor = page.nextCursor
  } while (cursor !== null)
  assert.deepEqual(seen, wanted.map(Number))
})

test('two instances agree, and one that starts later shows the same', async () => {
  const all = { limit: 100 }
  const later = await square.boot()
  const one = await square.posts(viewer, all)
  for (const instance of [1, later]) {
    assert.deepEqual((await square.posts(viewer, all, instance)).items, one.items)
    assert.deepEqual((await square.posts(undefined, all, instance)).items.length, wanted.length)
    assert.deepEqual(await square.tags(all, viewer, instance), await square.tags(all, undefined, 0))
  }
})

test('cursors of the other list, of no list, and unknown parameters are refused', async () => {
  const { nextCursor: ofPosts } = await square.posts(undefined, { limit: 1 })
  const { nextCursor: ofTags } = await square.tags({ limit: 1 })
  for (const who of [undefined, viewer]) {
    for (const page of [
      { cursor: ofTags! },
      { cursor: 'x' },
      { limit: 0 },
      { limit: 101 },
      { page: 1 } as object,
    ])
      await assert.rejects(square.posts(who, page), { category: 'invalid' })
    for (const page of [{ cursor: ofPosts! }, { cursor: `${ofTags}x` }, { limit: 101 }])
      await assert.rejects(square.tags(page, who), { category: 'invalid' })
  }
})

// Last, for it changes what the others read.
test('what moves up while one pages does not come twice, and what vanishes leaves no hole', async () => {
  const first = await square.posts(viewer, { limit: 10 })
  const last = (await square.posts(viewer, { limit: 100 })).items.at(-1)!
  const middle = first.items[9]!
  await square.like(last.id, ...square.people(60))
  await square.delete(middle.id)
  await until(async () => (await square.posts(viewer, { limit: 1 })).items[0]!.id === last.id)
  await until(async () => !textsOf(await square.posts(viewer, { limit: 100 })).includes(middle.text))
  const rest = await square.posts(viewer, { limit: 100, cursor: first.nextCursor! })
  assert.deepEqual(textsOf(rest), wanted.slice(10, -1))
  const { prevCursor } = await square.posts(viewer, { limit: 5, cursor: first.nextCursor! })
  assert.deepEqual(textsOf(await square.posts(viewer, { limit: 10, cursor: prevCursor! })), [
    '1',
    ...wanted.slice(0, 9),
  ])
})
