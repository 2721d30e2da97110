import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { PostId, UserId } from '@plaza/kernel/contract'
import { toUuid } from '@plaza/kernel/data'
import { asClient, openSquare, type Square, until } from './square.ts'

let square: Square
let ana: UserId
let ben: UserId
before(async () => {
  square = await openSquare()
  ana = square.users.add('ana')
  ben = square.users.add('ben')
})
after(() => square.close())

const react = (kind: 'like' | 'unlike' | 'repost' | 'unrepost', id: PostId, by: UserId) =>
  square.edge[kind]({ id }, asClient(by))
const counts = async (id: PostId) => {
  const { likeCount, replyCount, repostCount } = await square.get(id)
  return [likeCount, replyCount, repostCount]
}
const untilCounts = (id: PostId, expected: readonly number[]) =>
  until(async () => `${await counts(id)}` === `${expected}`)
const types = async (stream: UserId) => (await square.events(stream)).map(event => event.type)
const likers = async (id: PostId, by?: UserId, page: { limit?: number; cursor?: string } = {}) =>
  square.edge.listLikes({ id, ...page }, asClient(by))

test('a like shows to its owner at once and in the count soon; twice is once, and so is taking it back', async () => {
  const cleo = square.users.add('cleo')
  const post = await square.create(ana, 'to be liked')
  for (let i = 0; i < 2; i++) assert.equal(await react('like', post.id, cleo), null)
  const seen = await square.get(post.id, cleo)
  assert.deepEqual([seen.liked, seen.reposted], [true, false])
  assert.equal((await square.get(post.id, ben)).liked, false)
  assert.ok(!('liked' in (await square.get(post.id))))
  await untilCounts(post.id, [1, 0, 0])
  assert.deepEqual((await likers(post.id)).items, [
    { id: cleo, username: 'cleo', displayName: 'cleo', avatarUrl: null },
  ])
  for (let i = 0; i < 2; i++) await react('unlike', post.id, cleo)
  assert.equal((await square.get(post.id, cleo)).liked, false)
  await untilCounts(post.id, [0, 0, 0])
  const events = await square.events(cleo)
  const told = { postId: post.id, authorId: ana, userId: cleo }
  assert.deepEqual(
    events.map(({ type, data }) => [type, data]),
    [
      ['liked', told],
      ['unliked', told],
    ],
  )
})

test('a repost of a public post is told with its place in timelines, and taken back with the same', async () => {
  const dana = square.users.add('dana')
  const post = await square.create(ana, 'to be told on')
  const own = await square.create(dana, 'my own')
  for (let i = 0; i < 2; i++) await react('repost', post.id, dana)
  await react('repost', own.id, dana)
  assert.equal((await square.get(post.id, dana)).reposted, true)
  await untilCounts(post.id, [0, 0, 1])
  await react('unrepost', post.id, dana)
  await untilCounts(post.id, [0, 0, 0])
  const events = (await square.events(dana)).slice(1)
  const data = events.map(event => event.data as { postId: PostId; repostId: PostId })
  assert.deepEqual(
    events.map((event, i) => [event.type, data[i]!.postId]),
    [
      ['reposted', post.id],
      ['reposted', own.id],
      ['unreposted', post.id],
    ],
  )
  assert.equal(data[0]!.repostId, data[2]!.repostId)
  assert.ok(data[0]!.repostId > post.id)
})

test('what is not for all cannot be reposted; what one may not see can neither be liked nor reposted', async () => {
  const [fay, gus, hal] = ['fay', 'gus', 'hal'].map(square.users.add) as [UserId, UserId, UserId]
  const post = await square.create(fay, 'for followers', { visibility: 'followers' })
  const open = await square.create(fay, 'for all')
  square.users.relate('follow', gus, fay)
  await react('like', post.id, gus)
  await assert.rejects(react('repost', post.id, gus), { code: 'not-for-all', category: 'rule' })
  await assert.rejects(react('repost', post.id, fay), { code: 'not-for-all' })
  square.users.relate('block', fay, ben)
  const gone = await square.create(fay, 'soon gone')
  await square.delete(gone.id, fay)
  for (const kind of ['like', 'repost'] as const) {
    await assert.rejects(react(kind, post.id, hal), { code: 'post-not-found' })
    await assert.rejects(react(kind, open.id, ben), { code: 'post-not-found' })
  }
  for (const kind of ['like', 'unlike', 'repost', 'unrepost'] as const) {
    await assert.rejects(react(kind, gone.id, gus), { code: 'post-not-found' })
    await assert.rejects(react(kind, square.nobodysId(), gus), { code: 'post-not-found' })
  }
  await assert.rejects(likers(open.id, ben), { code: 'post-not-found' })
  assert.deepEqual([await types(hal), await types(ben)], [[], []])
})

test('an own like of a post one may not see any more can be taken back', async () => {
  const [ida, jo] = ['ida', 'jo'].map(square.users.add) as [UserId, UserId]
  const post = await square.create(ida, 'x')
  await react('like', post.id, jo)
  square.users.relate('block', ida, jo)
  await assert.rejects(react('like', post.id, jo), { code: 'post-not-found' })
  for (let i = 0; i < 2; i++) await react('unlike', post.id, jo)
  assert.deepEqual(await types(jo), ['liked', 'unliked'])
  await untilCounts(post.id, [0, 0, 0])
})

test('a thousand people like one post at once: it has exactly a thousand likes within a second', async () => {
  const post = await square.create(ana, 'loved by all')
  const people = Array.from({ length: 1_000 }, (_, i) => square.users.add(`fan_${i}`))
  await square.get(post.id)
  await Promise.all(people.map(by => react('like', post.id, by)))
  const answered = performance.now()
  await untilCounts(post.id, [1_000, 0, 0])
  assert.ok(performance.now() - answered < 3_000, `${performance.now() - answered} ms`)
  const seen: string[] = []
  let page = await likers(post.id, undefined, { limit: 100 })
  for (;;) {
    seen.push(...page.items.map(each => each.id))
    if (page.nextCursor === null) break
    page = await likers(post.id, undefined, { limit: 100, cursor: page.nextCursor })
  }
  assert.deepEqual(seen.toSorted(), people.toSorted())
})

test('a storm of likes and reposts and of taking them back ends with counts that equal the rows', async () => {
  const posts = await Promise.all(Array.from({ length: 5 }, (_, i) => square.create(ana, `storm ${i}`)))
  const people = Array.from({ length: 20 }, (_, i) => square.users.add(`storm_${i}`))
  const kinds = ['like', 'unlike', 'repost', 'unrepost', 'like', 'repost'] as const
  await Promise.all(
    Array.from({ length: 3_000 }, (_, i) =>
      react(kinds[(i * 7) % kinds.length]!, posts[(i * 13) % 5]!.id, people[(i * 31) % 20]!),
    ),
  )
  for (const { id } of posts) {
    const { rows } = await square.owner.query(
      `select (select count(*)::int from posts.likes where post_id = $1) as likes,
        (select count(*)::int from posts.reposts where post_id = $1) as reposts`,
      [toUuid(id)],
    )
    await untilCounts(id, [rows[0].likes, 0, rows[0].reposts])
  }
  for (const person of people) {
    const events = await square.events(person)
    const { rows } = await square.owner.query(
      'select (select count(*) from posts.likes where user_id = $1) as likes',
      [toUuid(person)],
    )
    const count = (type: string) => events.filter(event => event.type === type).length
    assert.equal(count('liked') - count('unliked'), Number(rows[0].likes))
    const { version } = (await square.service.reactions({ id: person, limit: 1 }, asClient()))!
    assert.equal(version, events.length)
  }
})

test('likes that meet the deletion of their post leave neither rows nor counts', async () => {
  const people = Array.from({ length: 50 }, (_, i) => square.users.add(`late_${i}`))
  for (let round = 0; round < 5; round++) {
    const post = await square.create(ana, `meets its end ${round}`)
    await react('like', post.id, ben)
    const [, ...likes] = await Promise.allSettled([
      square.delete(post.id, ana),
      ...people.flatMap(by => [react('like', post.id, by), react('repost', post.id, by)]),
    ])
    for (const like of likes) if (like.status === 'rejected') assert.equal(like.reason.code, 'post-not-found')
    const marker = await square.create(ana, 'counted after')
    await react('like', marker.id, people[0]!)
    await untilCounts(marker.id, [1, 0, 0])
    for (const table of ['likes', 'reposts', 'post_counts']) {
      const { rowCount } = await square.owner.query(`select from posts.${table} where post_id = $1`, [
        toUuid(post.id),
      ])
      assert.equal(rowCount, 0, table)
    }
  }
})

test('answers are counted at what they answer, until they are deleted or hidden', async () => {
  const post = await square.create(ana, 'who answers?')
  const one = await square.create(ben, 'I', { replyTo: post.id })
  const two = await square.create(ana, 'and I', { replyTo: post.id })
  await square.create(ana, 'I answer the answer', { replyTo: one.id })
  await untilCounts(post.id, [0, 2, 0])
  await untilCounts(one.id, [0, 1, 0])
  await square.delete(two.id, ana)
  await untilCounts(post.id, [0, 1, 0])
  await square.service.hide({ id: one.id }, asClient())
  await untilCounts(post.id, [0, 0, 0])
})

test('who likes: the newest first, pages full, without those blocked either way and the suspended', async () => {
  const [kim, lea] = ['kim', 'lea'].map(square.users.add) as [UserId, UserId]
  const post = await square.create(kim, 'popular')
  const fans = Array.from({ length: 30 }, (_, i) => square.users.add(`liker_${i}`))
  for (const fan of fans) await react('like', post.id, fan)
  for (let i = 1; i < 30; i += 3) square.users.relate('block', i % 2 ? lea : fans[i]!, i % 2 ? fans[i]! : lea)
  await square.auth.suspend(fans[0]!)
  await until(
    async () => !(await likers(post.id, undefined, { limit: 100 })).items.some(each => each.id === fans[0]),
  )
  const shown = fans.filter((_, i) => i % 3 !== 1 && i > 0).toReversed()
  const first = await likers(post.id, lea, { limit: 8 })
  assert.deepEqual(
    first.items.map(each => each.id),
    shown.slice(0, 8),
  )
  const second = await likers(post.id, lea, { limit: 8, cursor: first.nextCursor! })
  assert.deepEqual(
    second.items.map(each => each.id),
    shown.slice(8, 16),
  )
  const back = await likers(post.id, lea, { limit: 8, cursor: second.prevCursor! })
  assert.deepEqual(back.items, first.items)
  const last = await likers(post.id, lea, { limit: 8, cursor: second.nextCursor! })
  assert.deepEqual([last.items.map(each => each.id), last.nextCursor], [shown.slice(16), null])
  await assert.rejects(likers((await square.create(kim, 'other')).id, lea, { cursor: first.nextCursor! }), {
    code: 'invalid-cursor',
  })
})

test('an edit, a list and a thread show what the viewer likes', async () => {
  const mia = square.users.add('mia')
  const post = await square.create(mia, 'my favourite')
  const answer = await square.create(ben, 'mine too', { replyTo: post.id })
  await react('like', post.id, mia)
  await react('repost', post.id, mia)
  await react('like', answer.id, mia)
  const edited = await square.edit(post.id, 'still my favourite', mia)
  assert.deepEqual([edited.liked, edited.reposted], [true, true])
  const { items } = await square.list(mia, mia)
  assert.deepEqual([items[0]!.liked, items[0]!.reposted], [true, true])
  assert.deepEqual(
    (await square.list(mia, ben)).items.map(each => each.liked),
    [false],
  )
  const thread = await square.edge.thread({ id: post.id }, asClient(mia))
  assert.deepEqual([thread.post.liked, thread.descendants[0]!.liked], [true, true])
})

test('more likes than memory holds are known too', async () => {
  const nia = square.users.add('nia')
  const posts = await Promise.all(Array.from({ length: 520 }, (_, i) => square.create(ana, `many ${i}`)))
  await Promise.all(posts.map(post => react('like', post.id, nia)))
  const oldest = posts
    .map(post => post.id)
    .sort()
    .slice(0, 3)
  for (const id of oldest) assert.equal((await square.get(id, nia)).liked, true)
  const { liked, likedFloor, repostedFloor, version } = await square.service.reactions(
    { id: nia, limit: 500 },
    asClient(),
  )
  assert.deepEqual([liked.length, likedFloor, repostedFloor, version], [500, liked.at(-1), '', 520])
  await react('unlike', oldest[0]!, nia)
  assert.equal((await square.get(oldest[0]!, nia)).liked, false)
  const asked = await square.service.reactionsTo({ id: nia, ids: oldest }, asClient())
  assert.deepEqual(asked, { liked: oldest.slice(1), reposted: [] })
  const nobody = await square.service.reactions({ id: square.users.add('olaf'), limit: 10 }, asClient())
  assert.deepEqual(nobody, { version: 0, liked: [], likedFloor: '', reposted: [], repostedFloor: '' })
})
