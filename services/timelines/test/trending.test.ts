import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import type { PostId, UserId } from '@plaza/kernel/contract'
import { openTrendingSquare, type TrendingSquare, textsOf, until } from './trending-square.ts'

let square: TrendingSquare
let ana: UserId
let named = 0
/** Of one test, so that it sees only what is its own. */
let mine: string
before(async () => {
  square = await openTrendingSquare()
})
after(() => square.close())
beforeEach(() => {
  ana = square.person()
  mine = `t${++named}`
})

const post = (by: UserId, name: string, more = {}) => square.post(by, `${mine} ${name}`, more)
async function shown(viewer?: UserId): Promise<string[]> {
  const texts = textsOf(await square.posts(viewer, { limit: 100 }))
  return texts.flatMap(text => (text.startsWith(`${mine} `) ? [text.slice(mine.length + 1)] : []))
}
async function shownTags() {
  const { items } = await square.tags({ limit: 100 })
  return items.flatMap(({ tag, peopleCount, postCount }) =>
    tag.startsWith(mine) ? [`${tag.slice(mine.length)} ${peopleCount} ${postCount}`] : [],
  )
}
const willShow = (texts: readonly string[], viewer?: UserId) => willBe(() => shown(viewer), texts)
const willShowTags = (tags: readonly string[]) => willBe(shownTags, tags)
async function willBe(read: () => Promise<string[]>, wanted: readonly string[]) {
  let found: string[] = []
  const isSo = async () => {
    found = await read()
    return found.join() === wanted.join()
  }
  await until(isSo).catch(() => assert.deepEqual(found, wanted))
}
async function scores(): Promise<unknown[]> {
  await square.heard()
  const { rows } = await square.owner.query(
    `select subject, score, people_count from timelines.trends where subject not like '#heard%' order by subject`,
  )
  return rows
}

test('posts trend by how many people like, repost and answer them, whoever looks', async () => {
  const [first, second, third] = [await post(ana, '1'), await post(ana, '2'), await post(ana, '3')]
  await square.like(second, ...square.people(5))
  await square.repost(third, ...square.people(3))
  for (const by of square.people(4)) await square.post(by, 'I say', { replyTo: first })
  await willShow(['2', '1', '3'])
  await willShow(['2', '1', '3'], square.person())
})

test('what nobody spoke for, what is for followers and what answers does not trend', async () => {
  await post(ana, 'silent')
  const followers = await post(ana, 'for followers', { visibility: 'followers' })
  const root = await post(ana, 'root')
  const answer = await post(square.person(), 'answer', { replyTo: root })
  for (const id of [followers, answer]) await square.like(id, ...square.people(9))
  await square.heard()
  await willShow(['root'])
  assert.deepEqual(await shown(ana), ['root'])
})

test('one account cannot push a post: a thousand likes, unlikes, reposts and answers are one voice', async () => {
  const [pushed, liked] = [await post(ana, 'pushed'), await post(ana, 'liked by two')]
  const pusher = square.person()
  await square.like(liked, ...square.people(2))
  await square.like(pushed, pusher)
  await willShow(['liked by two', 'pushed'])
  const were = await scores()
  for (let i = 0; i < 50; i++) {
    await square.unlike(pushed, pusher)
    await square.like(pushed, ...Array<UserId>(10).fill(pusher))
    await square.unrepost(pushed, pusher)
    await square.repost(pushed, ...Array<UserId>(10).fill(pusher))
    await square.post(pusher, 'and again', { replyTo: pushed })
    await square.like(pushed, ana)
  }
  assert.deepEqual(await scores(), were)
  assert.deepEqual(await shown(), ['liked by two', 'pushed'])
})

test('one account cannot push a tag by a thousand posts, nor many posts or tags at once', async () => {
  const [pusher, ...others] = square.people(3)
  for (const by of others) await post(by, 'x', { tags: [`${mine}fair`] })
  await willShowTags(['fair 2 2'])
  for (let i = 0; i < 1_000; i += 50)
    await Promise.all(Array.from({ length: 50 }, () => post(pusher!, 'x', { tags: [`${mine}pushed`] })))
  await willShowTags(['fair 2 2', 'pushed 1 1000'])
  const spammer = square.person()
  const many = Array.from({ length: 80 }, (_, i) => `${mine}spam${i}`)
  while (many.length > 0) await post(spammer, 'x', { tags: many.splice(0, 10) })
  await square.heard()
  const count = async (kind: string) => {
    const { rows } = await square.owner.query(
      `select count(*)::int as n from timelines.trends where subject like $1 and people_count > 0`,
      [`#${mine}${kind}%`],
    )
    return rows[0].n
  }
  assert.equal(await count('spam'), 30)
})

test('an account pushes 300 posts an hour at most', async () => {
  const spammer = square.person()
  const ids: PostId[] = []
  for (let i = 0; i < 320; i += 40)
    ids.push(...(await Promise.all(Array.from({ length: 40 }, () => post(ana, 'x')))))
  for (const id of ids) await square.like(id, spammer)
  await square.heard()
  const { rows } = await square.owner.query('select from timelines.trends where subject = any($1)', [ids])
  assert.equal(rows.length, 300)
})

test('deleted and hidden posts vanish, with the tags that only they had', async () => {
  const [deleted, hidden] = [await post(ana, 'deleted'), await post(ana, 'hidden', { tags: [`${mine}a`] })]
  await post(ana, 'untouched', { tags: [`${mine}b`] }).then(id => square.like(id, square.person()))
  await square.like(deleted, ...square.people(3))
  await square.like(hidden, ...square.people(2))
  await willShow(['deleted', 'hidden', 'untouched'])
  await post(square.person(), 'another', { tags: [`${mine}b`] })
  await willShowTags(['b 2 2', 'a 1 1'])
  await square.delete(deleted)
  await willShow(['hidden', 'untouched'])
  await square.hide(hidden)
  await willShow(['untouched'])
  await willShowTags(['b 2 2'])
})

test('tags trend by how many people use them; an edit, a deletion takes back what was said', async () => {
  const [ben, cid] = square.people(2)
  const first = await post(ana, 'x', { tags: [`${mine}a`, `${mine}b`] })
  await post(ben!, 'x', { tags: [`${mine}a`] })
  const last = await post(cid!, 'x', { tags: [`${mine}a`, `${mine}b`] })
  await post(cid!, 'x', { tags: [`${mine}b`] })
  await post(cid!, 'x', { tags: [`${mine}c`], visibility: 'followers' })
  await post(cid!, 'x', { tags: [`${mine}c`], replyTo: first })
  await willShowTags(['a 3 3', 'b 2 3'])
  await square.setTags(first, [`${mine}b`, `${mine}d`])
  await willShowTags(['a 2 2', 'b 2 3', 'd 1 1'])
  await square.delete(last)
  await until(async () => (await shownTags()).toSorted().join() === 'a 1 1,b 2 2,d 1 1')
})

test('whom one blocked, and who is suspended, is left out; so is a tag that only they use', async () => {
  const [ben, cid, viewer] = square.people(3)
  for (const by of [ana, ben!, cid!]) {
    const tags = by === ana ? [`${mine}all`] : [`${mine}all`, `${mine}few`]
    await square.like(await post(by, by === ana ? 'Ana' : by === ben ? 'Ben' : 'Cid', { tags }), viewer!)
  }
  await willShow(['Cid', 'Ben', 'Ana'])
  await willShowTags(['all 3 3', 'few 2 2'])
  square.block(viewer!, ana)
  assert.deepEqual(await shown(viewer), ['Cid', 'Ben'])
  await square.suspend(ben!)
  await willShow(['Cid', 'Ana'])
  assert.deepEqual(await shownTags(), ['all 3 3', 'few 2 2'])
  await square.suspend(cid!)
  await willShow(['Ana'])
  await willShowTags(['all 3 3'])
  await square.suspend(ben!, false)
  await willShow(['Ben', 'Ana'])
  await willShowTags(['all 3 3', 'few 2 2'])
})

test('each hour what is old is dropped, by one instance, and the next hour is ordered once', async () => {
  const id = await post(ana, 'old')
  await square.like(id, square.person())
  await willShow(['old'])
  // As if it had been liked eight days ago.
  await square.owner.query('update timelines.voices set voice = voice - 32 where subject = $1', [id])
  await square.owner.query('update timelines.trends set score = score - 32 where subject = $1', [id])
  const ordered = async () => {
    const { rows } = await square.owner.query(`select key from timelines.jobs where kind = 'trending-upkeep'`)
    return rows.map(row => Date.parse(row.key))
  }
  const [first, ...others] = await ordered()
  assert.deepEqual(others, [])
  await square.owner.query('update timelines.jobs set due_at = now()')
  await square.boot()
  const left = async () =>
    (await square.owner.query('select from timelines.trends where subject = $1', [id])).rowCount
  await until(async () => (await left()) === 0)
  assert.deepEqual(await ordered(), [first! + 3_600_000])
  await willShow([])
})
