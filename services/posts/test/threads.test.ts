import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { PostId, UserId } from '@plaza/kernel/contract'
import { newUuid, shardOf, toId, toUuid } from '@plaza/kernel/data'
import type { Post } from '../src/contract.ts'
import { asClient, openSquare, type Square } from './square.ts'

let square: Square
let ana: UserId
let ben: UserId
before(async () => {
  square = await openSquare()
  ana = square.users.add('ana')
  ben = square.users.add('ben')
})
after(() => square.close())

const ids = (posts: readonly Post[]) => posts.map(post => post.id)
const notFound = { code: 'post-not-found' }

test('an answer is a post with replyTo, in the shard of what it answers, told with whom it answers', async () => {
  const carl = square.users.add('carl')
  const post = await square.create(ana, 'a question')
  const one = await square.comment(carl, post.id, 'an answer to #nobody @ben')
  assert.deepEqual([one.replyTo, one.visibility, one.tags], [post.id, 'public', ['nobody']])
  assert.equal(shardOf(one.id), shardOf(post.id))
  assert.deepEqual(await square.get(one.id, carl), one)
  const other = await square.create(carl, 'another', { replyTo: one.id })
  assert.equal(other.replyTo, one.id)
  const [facts] = await square.service.byIds({ ids: [other.id] }, asClient())
  assert.deepEqual([facts?.replyTo, facts?.rootId, facts?.answeredId], [one.id, post.id, carl])
  assert.deepEqual((await square.events(carl))[0]!.data, {
    postId: one.id,
    authorId: carl,
    visibility: 'public',
    replyTo: post.id,
    answeredId: ana,
  })
})

test('answers stand in threads and under replies=true, in no other list', async () => {
  const [dan, eve] = [square.users.add('dan'), square.users.add('eve')]
  const post = await square.create(dan, 'alone #lonely')
  const answer = await square.comment(dan, post.id, 'still alone #lonely')
  const span = { limit: 10, without: [] }
  assert.deepEqual((await square.service.pagePublic({ ...span, limit: 1 }, asClient())).ids, [post.id])
  assert.deepEqual((await square.service.pageByTag({ ...span, tag: 'lonely' }, asClient())).ids, [post.id])
  assert.deepEqual((await square.service.pageByAuthors({ authors: [dan], limit: 10 }, asClient())).ids, [
    post.id,
  ])
  assert.deepEqual(ids((await square.list(dan, eve)).items), [post.id])
  assert.deepEqual(ids((await square.list(dan, eve, { replies: true })).items), [answer.id, post.id])
  await square.edit(answer.id, 'alone after all #lonely', dan)
  assert.deepEqual((await square.service.pageByTag({ ...span, tag: 'lonely' }, asClient())).ids, [post.id])
  const all = await square.service.pageAll({ limit: 1_000 }, asClient())
  assert.deepEqual(ids(all as unknown as Post[]).slice(-2), [post.id, answer.id])
})

test('posts and answers of a person are one list, paged without a hole both ways; cursors of one are none of the other', async () => {
  const fay = square.users.add('fay')
  const all: PostId[] = []
  const root = await square.create(ana, 'root')
  for (let i = 0; i < 9; i++) {
    const post = i % 3 === 0 ? await square.create(fay, `${i}`) : await square.comment(fay, root.id, `${i}`)
    all.unshift(post.id)
  }
  const walked: PostId[] = []
  let cursor: string | undefined
  let top: string | null = null
  do {
    const page = await square.list(fay, ben, { replies: true, limit: 2, ...(cursor && { cursor }) })
    top ??= page.prevCursor
    walked.push(...ids(page.items))
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
  assert.deepEqual(walked, all)
  const late = await square.comment(fay, root.id, 'late')
  const news = await square.list(fay, ben, { replies: true, cursor: top! })
  assert.deepEqual(ids(news.items), [late.id])
  await assert.rejects(square.list(fay, ben, { cursor: top! }), { category: 'invalid' })
})

test('what may not be seen cannot be answered: it is not there', async () => {
  const [gil, hal, ida] = ['gil', 'hal', 'ida'].map(square.users.add) as [UserId, UserId, UserId]
  const forFollowers = await square.create(gil, 'for followers', { visibility: 'followers' })
  const [gone, hidden, open] = [
    await square.create(gil, 'gone'),
    await square.create(gil, 'hidden'),
    await square.create(gil, 'open'),
  ]
  await square.delete(gone.id, gil)
  await square.service.hide({ id: hidden.id }, asClient())
  const place = await square.create(gil, 'soon only a place')
  await square.comment(hal, place.id)
  await square.delete(place.id, gil)
  for (const id of [forFollowers.id, gone.id, hidden.id, place.id, square.nobodysId()]) {
    await assert.rejects(square.comment(hal, id), notFound)
    await assert.rejects(square.create(hal, 'x', { replyTo: id }), notFound)
  }
  square.users.relate('block', gil, hal)
  await assert.rejects(square.comment(hal, open.id), notFound)
  const ofHal = await square.create(hal, 'of Hal')
  await assert.rejects(square.comment(gil, ofHal.id), notFound)
  for (const read of [square.comments, square.thread]) {
    await assert.rejects(read(open.id, hal), notFound)
    await assert.rejects(read(hidden.id, ida), notFound)
    await assert.rejects(read(gone.id, ida), notFound)
    await assert.rejects(read(forFollowers.id, ida), notFound)
  }
  square.users.relate('follow', ida, gil)
  assert.equal((await square.comment(ida, forFollowers.id)).visibility, 'followers')
})

test('who is answered sees the answer, whatever its visibility', async () => {
  const [jo, kim, lea] = ['jo', 'kim', 'lea'].map(square.users.add) as [UserId, UserId, UserId]
  const post = await square.create(jo, 'open')
  const answer = await square.comment(kim, post.id, 'for my followers', { visibility: 'followers' })
  assert.equal((await square.get(answer.id, jo)).text, 'for my followers')
  await assert.rejects(square.get(answer.id, lea), notFound)
  assert.deepEqual(ids((await square.comments(post.id, jo)).items), [answer.id])
  assert.deepEqual((await square.comments(post.id, lea)).items, [])
  square.users.relate('block', kim, jo)
  await assert.rejects(square.get(answer.id, jo), notFound)
})

test('direct answers are paged oldest first, full for who may not see all of them', async () => {
  const [mo, nia, oz] = ['mo', 'nia', 'oz'].map(square.users.add) as [UserId, UserId, UserId]
  const post = await square.create(mo, 'ask me')
  const of: PostId[][] = [[], []]
  for (let i = 0; i < 12; i++) {
    const answer = await square.comment(i % 3 === 0 ? nia : oz, post.id, `${i}`)
    of[i % 3 === 0 ? 0 : 1]!.push(answer.id)
    await square.comment(mo, answer.id, 'below it')
  }
  square.users.relate('block', mo, oz)
  const first = await square.comments(post.id, mo, { limit: 3 })
  assert.deepEqual(ids(first.items), of[0]!.slice(0, 3))
  const second = await square.comments(post.id, mo, { limit: 3, cursor: first.nextCursor! })
  assert.deepEqual([ids(second.items), second.nextCursor], [of[0]!.slice(3), null])
  const back = await square.comments(post.id, mo, { limit: 3, cursor: second.prevCursor! })
  assert.deepEqual(ids(back.items), ids(first.items))
  assert.equal((await square.comments(post.id, nia)).items.length, 12)
  const other = await square.create(mo, 'another')
  for (const [read, id] of [
    [square.comments, other.id],
    [square.thread, post.id],
  ] as const)
    await assert.rejects(read(id, mo, { cursor: first.nextCursor! }), { category: 'invalid' })
})

test('a thread: what is above a post, from the first down, and all that is below it, each after what it answers', async () => {
  const root = await square.create(ana, 'root')
  const one = await square.comment(ben, root.id, '1')
  const other = await square.comment(ben, root.id, '2')
  const below = await square.comment(ana, one.id, '1.1')
  const deep = await square.comment(ben, below.id, '1.1.1')
  const late = await square.comment(ben, one.id, '1.2')
  const whole = await square.thread(root.id, ana)
  assert.deepEqual(whole.post, await square.get(root.id, ana))
  assert.deepEqual([whole.ancestors, ids(whole.descendants)], [[], ids([one, other, below, deep, late])])
  assert.equal(whole.nextCursor, null)
  const inner = await square.thread(below.id)
  assert.deepEqual([ids(inner.ancestors), ids(inner.descendants)], [[root.id, one.id], [deep.id]])
  const part = await square.thread(one.id, ana, { limit: 2 })
  assert.deepEqual(ids(part.descendants), [below.id, deep.id])
  const rest = await square.thread(one.id, ana, { limit: 2, cursor: part.nextCursor! })
  assert.deepEqual([ids(rest.descendants), rest.nextCursor], [[late.id], null])
  const back = await square.thread(one.id, ana, { limit: 2, cursor: rest.prevCursor! })
  assert.deepEqual(ids(back.descendants), [below.id, deep.id])
  await assert.rejects(square.thread(root.id, ana, { cursor: part.nextCursor! }), { category: 'invalid' })
  await assert.rejects(square.thread(root.id, ana, { limit: 101 }), { category: 'invalid' })
  square.users.relate('block', ana, ben)
  assert.deepEqual(ids((await square.thread(root.id, ana)).descendants), [below.id])
  square.users.relate('block', ana, ben, false)
})

test('an answer made where the clock is behind still stands after what it answers', async () => {
  const id = toId('post', newUuid(shardOf(ana)))
  const ahead = new Date(Date.now() + 60_000).getTime().toString(16).padStart(12, '0')
  const early = `${ahead.slice(0, 8)}-${ahead.slice(8)}${toUuid(id).slice(13)}`
  await square.owner.query(
    "insert into posts.posts (id, author_id, text, visibility) values ($1, $2, 'from ahead', 'public')",
    [early, toUuid(ana)],
  )
  const answer = await square.comment(ben, toId('post', early))
  assert.ok(toUuid(answer.id) > early)
  assert.deepEqual(ids((await square.thread(toId('post', early))).descendants), [answer.id])
})

test('a thread 10,000 deep is read from its top, its end and its middle in a moment', async () => {
  const depth = 10_000
  const root = await square.create(ana, 'the first of many')
  const start = toUuid(root.id)
  // Each answers the one before.
  const time = Number.parseInt(start.slice(0, 8) + start.slice(9, 13), 16)
  const chain = Array.from({ length: depth }, (_, i) => {
    const at = (time + i + 1).toString(16).padStart(12, '0')
    return `${at.slice(0, 8)}-${at.slice(8)}${start.slice(13)}`
  })
  await square.owner.query(
    `insert into posts.posts (id, author_id, text, visibility, reply_to, root_id, answered_id)
     select id, $3, 'deeper', 'public', above, $2, $3 from unnest($1::uuid[], $4::uuid[]) as t (id, above)`,
    [chain, start, toUuid(ana), [start, ...chain.slice(0, -1)]],
  )
  await square.owner.query('analyze posts.posts')
  const posts = chain.map(uuid => toId('post', uuid))
  const started = performance.now()
  const top = await square.thread(root.id)
  assert.deepEqual(ids(top.descendants), posts.slice(0, 100))
  const next = await square.thread(root.id, undefined, { cursor: top.nextCursor! })
  assert.deepEqual(ids(next.descendants), posts.slice(100, 200))
  const second = await square.thread(posts[0]!)
  assert.deepEqual([ids(second.ancestors), ids(second.descendants)], [[root.id], posts.slice(1, 101)])
  const middle = await square.thread(posts[5_000]!)
  assert.deepEqual(
    [ids(middle.ancestors), ids(middle.descendants)],
    [posts.slice(4_900, 5_000), posts.slice(5_001, 5_101)],
  )
  const end = await square.thread(posts.at(-1)!, ben)
  assert.deepEqual([ids(end.ancestors), end.descendants], [posts.slice(-101, -1), []])
  const took = performance.now() - started
  assert.ok(took < 5_000, `five threads took ${took} ms`)
})
