import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { UserId } from '@plaza/kernel/contract'
import { asClient, openSquare, type Square } from './square.ts'

let square: Square
let ana: UserId
let ben: UserId
let mona: UserId
before(async () => {
  square = await openSquare()
  ana = square.person('ana')
  ben = square.person('ben')
  mona = square.person('mona', 'moderator')
})
after(() => square.close())

const countReports = async (postId: string) => {
  const { items } = await square.queue(mona, { limit: 100 })
  return items.filter(each => each.postId === postId).length
}

test('a report says what was reported and why, and is open', async () => {
  const post = square.posts.add(ana, 'buy this')
  const report = await square.report(post, ben, { reason: 'spam', note: 'look\nat this' })
  assert.match(report.id, /^report_/)
  assert.deepEqual(report, {
    id: report.id,
    postId: post,
    reason: 'spam',
    note: 'look\nat this',
    status: 'open',
    createdAt: report.createdAt,
  })
  assert.ok(Math.abs(Date.parse(report.createdAt) - Date.now()) < 60_000)
})

test('while it is open, another of the same post by the same person is the first one, at once too', async () => {
  const post = square.posts.add(ana, 'x')
  const reports = await Promise.all(
    Array.from({ length: 10 }, (_, i) => square.report(post, ben, { reason: i % 2 ? 'abuse' : 'other' })),
  )
  assert.equal(new Set(reports.map(each => each.id)).size, 1)
  assert.equal(new Set(reports.map(each => each.reason)).size, 1)
  assert.equal(await countReports(post), 1)
  const eva = square.person('eva')
  assert.notEqual((await square.report(post, eva)).id, reports[0]!.id)
  await square.resolve(reports[0]!, 'dismiss', mona)
  assert.notEqual((await square.report(post, ben)).id, reports[0]!.id, 'a new one once it was resolved')
})

test('the same key gives the first answer, also when the post is gone by then; another request with it is refused', async () => {
  const post = square.posts.add(ana, 'x')
  const first = await square.report(post, ben, { reason: 'illegal' }, 'key-1')
  square.posts.delete(post)
  assert.deepEqual(await square.report(post, ben, { reason: 'illegal' }, 'key-1'), first)
  await assert.rejects(square.report(post, ben, { reason: 'spam' }, 'key-1'), {
    code: 'idempotency-key-reused',
  })
})

test('what one may not see, is gone or was taken away cannot be reported', async () => {
  const [closed, gone, hidden] = ['closed', 'gone', 'hidden'].map(text => square.posts.add(ana, text))
  square.posts.close(closed!)
  square.posts.delete(gone!)
  await square.resolve(await square.report(hidden!, ben), 'hide', mona)
  const eva = square.person('eva')
  for (const id of [closed, gone, hidden])
    await assert.rejects(square.report(id!, eva), { code: 'post-not-found' })
  // Posts may say so a moment late.
  square.posts.show(hidden!)
  await assert.rejects(square.report(hidden!, eva), { code: 'post-not-found' })
})

test('nobody reports themselves, and nobody reports without logging in', async () => {
  const post = square.posts.add(ana, 'x')
  await assert.rejects(square.report(post, ana), { code: 'own-post', category: 'rule' })
  await assert.rejects(square.report(post, undefined), { code: 'unauthenticated' })
  assert.equal(await countReports(post), 0)
})

const bad: readonly [string, object][] = [
  ['no reason', {}],
  ['a reason there is not', { reason: 'boredom' }],
  ['a reason that is null', { reason: null }],
  ['a note of 1,001 characters', { reason: 'spam', note: 'x'.repeat(1_001) }],
  ['a note with NUL', { reason: 'spam', note: 'a\u0000b' }],
  ['a note with a lone surrogate', { reason: 'spam', note: '\ud800' }],
  ['a note that is a number', { reason: 'spam', note: 7 }],
  ['a reporter', { reason: 'spam', reporterId: 'user_01h455vb4pex5vsknk084sn02q' }],
  ['__proto__', JSON.parse('{"reason":"spam","__proto__":{"note":"x"}}')],
]
for (const [what, input] of bad) {
  test(`a report with ${what} is refused`, async () => {
    const post = square.posts.add(ana, 'x')
    await assert.rejects(square.report(post, ben, input), { code: 'invalid-input' })
    assert.equal(await countReports(post), 0)
  })
}

test('1,000 characters are 1,000 characters, whatever they weigh', async () => {
  const note = '😀'.repeat(1_000)
  assert.equal((await square.report(square.posts.add(ana, 'x'), ben, { reason: 'other', note })).note, note)
})

test('moderators see what was reported as it is now, hidden or not, and who reported it', async () => {
  const [post, gone] = [square.posts.add(ana, 'terrible'), square.posts.add(ana, 'gone')]
  const [report, other] = [await square.report(post, ben), await square.report(gone, ben)]
  const find = async (id: string, status: 'open' | 'resolved' = 'open') =>
    (await square.queue(mona, { status, limit: 100 })).items.find(each => each.id === id)
  const seen = await find(report.id)
  assert.deepEqual(seen?.post?.author, square.users.card(ana))
  assert.equal(seen?.post?.text, 'terrible')
  assert.deepEqual(seen?.reporter, square.users.card(ben))
  assert.equal(seen?.resolution, null)
  square.posts.delete(gone)
  assert.equal((await find(other.id))?.post, null)
  await square.resolve(report, 'hide', mona, { note: 'clear' })
  assert.equal(await find(report.id), undefined)
  const resolved = await find(report.id, 'resolved')
  assert.equal(resolved?.post?.text, 'terrible')
  assert.equal(resolved?.status, 'resolved')
  assert.deepEqual({ ...resolved?.resolution, at: '' }, { action: 'hide', note: 'clear', by: mona, at: '' })
})

test('the queue is read page by page, the oldest first, and back', async () => {
  await using own = { square: await openSquare(), [Symbol.asyncDispose]: () => own.square.close() }
  const [author, judge] = [own.square.person('author'), own.square.person('judge', 'moderator')]
  assert.deepEqual(await own.square.queue(judge), { items: [], nextCursor: null, prevCursor: null })
  const made: string[] = []
  for (let i = 0; i < 5; i++) {
    const by = own.square.person(`reader_${i}`)
    made.push((await own.square.report(own.square.posts.add(author, `${i}`), by)).id)
  }
  const first = await own.square.queue(judge, { limit: 2 })
  const second = await own.square.queue(judge, { limit: 2, cursor: first.nextCursor! })
  const third = await own.square.queue(judge, { limit: 2, cursor: second.nextCursor! })
  assert.deepEqual(
    [first, second, third].flatMap(page => page.items.map(each => each.id)),
    made,
  )
  assert.equal(third.nextCursor, null)
  assert.deepEqual(
    (await own.square.queue(judge, { limit: 2, cursor: third.prevCursor! })).items,
    second.items,
  )
  const elsewhere = own.square.queue(judge, { status: 'resolved', cursor: first.nextCursor! })
  await assert.rejects(elsewhere, { code: 'invalid-cursor' })
})

test('the queue is for moderators alone', async () => {
  const { edge } = square
  await assert.rejects(edge.listReports({}, asClient(ben)), { code: 'forbidden' })
  await assert.rejects(edge.listReports({}, asClient(ben, ['seller'])), { code: 'forbidden' })
  await assert.rejects(edge.listReports({}, asClient()), { code: 'unauthenticated' })
  for (const input of [{ status: 'lost' }, { limit: 0 }, { limit: 101 }, { offset: 7 }])
    await assert.rejects(edge.listReports(input as never, asClient(mona, ['moderator'])), {
      code: 'invalid-input',
    })
})
