import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { UserId } from '@plaza/kernel/contract'
import { asClient, nobodysReport, openSquare, type Square, until } from './square.ts'

let square: Square
let ana: UserId
let ben: UserId
let mona: UserId
let admin: UserId
before(async () => {
  square = await openSquare({ quiet: true })
  ana = square.person('ana')
  ben = square.person('ben')
  mona = square.person('mona', 'moderator')
  admin = square.person('admin', 'admin')
})
after(() => square.close())

const reported = async (author = ana) => {
  const post = square.posts.add(author, 'x')
  return { post, report: await square.report(post, ben) }
}
const audited = async (target: string) =>
  (await square.audit(admin, { target })).items.map(({ action, actor }) => [action, actor])
const waiting = async () => {
  const { rows } = await square.owner.query('select count(*)::int as n from moderation.jobs')
  return rows[0].n as number
}

test('dismissing closes the report and leaves the post', async () => {
  const { post, report } = await reported()
  const resolved = await square.resolve(report, 'dismiss', mona, { note: 'fine' })
  const { note, ...facts } = report
  assert.deepEqual(resolved, {
    ...facts,
    status: 'resolved',
    resolution: { action: 'dismiss', by: mona, at: resolved.resolution.at },
  })
  assert.ok(!square.posts.isHidden(post))
  assert.deepEqual(await audited(report.id), [['report.dismissed', mona]])
})

test('hiding has happened when it is answered, and nothing is left to do', async () => {
  const { post, report } = await reported()
  await square.resolve(report, 'hide', mona)
  assert.ok(square.posts.isHidden(post))
  assert.equal(await waiting(), 0)
  assert.deepEqual(await audited(post), [['post.hidden', mona]])
})

test('suspending hides the post and suspends its author, in the name of who decided', async () => {
  const bad = square.person('bad')
  const { post, report } = await reported(bad)
  await square.resolve(report, 'suspend', mona)
  assert.ok(square.posts.isHidden(post))
  assert.equal(square.auth.suspension(bad)?.by, mona)
  assert.equal(square.auth.suspension(bad)?.keys.size, 1)
  await until(async () => (await audited(bad)).length === 1)
  assert.deepEqual(await audited(bad), [['person.suspended', mona]])
  assert.deepEqual(await audited(post), [['suspension.decided', mona]])
})

test('a decision closes all open reports of the post, and no others', async () => {
  const { post, report } = await reported()
  const others = await Promise.all(
    ['eva', 'max'].map(name => square.report(post, square.person(name), { reason: 'abuse' })),
  )
  const elsewhere = await reported()
  await square.resolve(others[0]!, 'hide', mona)
  const { items } = await square.queue(mona, { limit: 100, status: 'resolved' })
  for (const { id } of [report, ...others]) {
    const found = items.find(each => each.id === id)
    assert.equal(found?.resolution?.action, 'hide')
  }
  const { items: open } = await square.queue(mona, { limit: 100 })
  assert.ok(open.some(each => each.id === elsewhere.report.id))
  assert.equal((await square.audit(admin, { target: post })).items[0]!.detail.reports, 3)
})

test('the same decision again is the same as once; another is refused', async () => {
  const { post, report } = await reported()
  const first = await square.resolve(report, 'hide', mona, { note: 'one' })
  const again = await square.resolve(report, 'hide', square.person('max', 'moderator'), { note: 'two' })
  assert.deepEqual(again, first)
  for (const action of ['dismiss', 'suspend'] as const)
    await assert.rejects(square.resolve(report, action, mona), { code: 'already-resolved' })
  assert.equal((await audited(post)).length, 1)
})

test('of two who decide differently at the same moment one does, whichever report they look at', async () => {
  for (let round = 0; round < 5; round++) {
    const { post, report } = await reported()
    const other = await square.report(post, square.person('eva'))
    const outcomes = await Promise.allSettled([
      square.resolve(report, 'dismiss', mona),
      square.resolve(other, 'hide', admin),
      square.resolve(report, 'hide', admin),
      square.resolve(other, 'dismiss', mona),
    ])
    const codes = outcomes.flatMap(each => (each.status === 'rejected' ? [each.reason.code] : []))
    assert.deepEqual(codes, ['already-resolved', 'already-resolved'])
    assert.equal((await square.audit(admin, { target: post })).items.length <= 1, true)
  }
})

test('the same key gives the same answer; with another decision it is refused', async () => {
  const { report } = await reported()
  const first = await square.resolve(report, 'dismiss', mona, { key: 'k1' })
  assert.deepEqual(await square.resolve(report, 'dismiss', mona, { key: 'k1' }), first)
  await assert.rejects(square.resolve(report, 'hide', mona, { key: 'k1' }), {
    code: 'idempotency-key-reused',
  })
  const other = await reported()
  await assert.rejects(square.resolve(other.report, 'hide', mona, { key: 'k1' }), {
    code: 'idempotency-key-reused',
  })
  assert.ok(!square.posts.isHidden(other.post))
})

test('killed between decision and effect, it happens all the same, once', async () => {
  const { post, report } = await reported()
  square.posts.break()
  const resolve = () => square.resolve(report, 'hide', mona, { key: 'cut' })
  // Who asks hears that it has not happened, with a key and without.
  await assert.rejects(resolve(), { code: 'unavailable' })
  await assert.rejects(resolve(), { code: 'unavailable' })
  await assert.rejects(square.resolve(report, 'hide', mona), { code: 'unavailable' })
  const { items } = await square.queue(mona, { limit: 100, status: 'resolved' })
  assert.equal(items.find(each => each.id === report.id)?.resolution?.action, 'hide')
  square.posts.break(false)
  await until(() => square.posts.isHidden(post))
  await until(async () => (await waiting()) === 0)
  assert.equal((await resolve()).status, 'resolved')
  assert.equal((await audited(post)).length, 1)
})

test('who asks again does at once what the first try left undone', async () => {
  const { post, report } = await reported()
  square.posts.break()
  await assert.rejects(square.resolve(report, 'hide', mona), { code: 'unavailable' })
  square.posts.break(false)
  await square.resolve(report, 'hide', mona)
  assert.ok(square.posts.isHidden(post))
})

test('a suspension whose second half failed is finished, and suspends with the same key', async () => {
  const bad = square.person('bad')
  const { post, report } = await reported(bad)
  square.posts.break()
  await assert.rejects(square.resolve(report, 'suspend', mona), { code: 'unavailable' })
  assert.equal(square.auth.suspension(bad)?.by, mona)
  assert.ok(!square.posts.isHidden(post))
  square.posts.break(false)
  await until(() => square.posts.isHidden(post))
  await until(async () => (await waiting()) === 0)
  assert.equal(square.auth.suspension(bad)?.keys.size, 1)
})

test('when auth cannot be asked whether, nothing is decided', async () => {
  const { post, report } = await reported()
  square.auth.break()
  await assert.rejects(square.resolve(report, 'suspend', mona), { code: 'unavailable' })
  square.auth.break(false)
  const { items } = await square.queue(mona, { limit: 100 })
  assert.ok(items.some(each => each.id === report.id))
  assert.deepEqual(await audited(post), [])
})

test('whom a moderator may not suspend is not, and nothing is decided', async () => {
  const other = square.person('other', 'moderator')
  const { post, report } = await reported(other)
  await assert.rejects(square.resolve(report, 'suspend', mona), {
    code: 'may-not-suspend',
    category: 'forbidden',
  })
  assert.ok(!square.posts.isHidden(post))
  assert.equal((await square.resolve(report, 'hide', mona)).status, 'resolved')
})

test('who became a moderator between decision and effect stays, the post is hidden, and the trail says so', async () => {
  const bad = square.person('bad')
  const { post, report } = await reported(bad)
  // Decided by a process that died: the row and the job are there, nobody has acted.
  square.posts.break()
  await assert.rejects(square.resolve(report, 'hide', mona), { code: 'unavailable' })
  await square.owner.query(`update moderation.decisions set action = 'suspend' where post_id = (
    select post_id from moderation.decisions where carried_out_at is null)`)
  square.auth.add(bad, 'moderator')
  square.posts.break(false)
  await until(() => square.posts.isHidden(post))
  await until(async () => (await waiting()) === 0)
  assert.deepEqual(await audited(bad), [['suspension.refused', mona]])
  await assert.rejects(square.resolve(report, 'suspend', mona), { code: 'may-not-suspend' })
})

test('what is gone needs no hiding, and who is gone no suspending', async () => {
  const bad = square.person('bad')
  const { post, report } = await reported(bad)
  square.posts.delete(post)
  square.auth.remove(bad)
  assert.equal((await square.resolve(report, 'suspend', mona)).status, 'resolved')
  assert.equal(await waiting(), 0)
})

test('only moderators decide', async () => {
  const { post, report } = await reported()
  const input = { id: report.id, action: 'hide' } as const
  await assert.rejects(square.edge.resolve(input, asClient(ben)), { code: 'forbidden' })
  await assert.rejects(square.edge.resolve(input, asClient(ana, ['seller'])), { code: 'forbidden' })
  await assert.rejects(square.edge.resolve(input, asClient()), { code: 'unauthenticated' })
  assert.ok(!square.posts.isHidden(post))
})

test('what is no decision, or about nothing, is refused', async () => {
  await assert.rejects(square.resolve({ id: nobodysReport }, 'hide', mona), { code: 'report-not-found' })
  const { report } = await reported()
  const as = asClient(mona, ['moderator'])
  const bad = [
    { action: 'burn' },
    {},
    { action: ['hide'] },
    { action: 'hide', note: 'x'.repeat(1_001) },
    { action: 'hide', note: '\u0000' },
    { action: 'hide', by: ana },
    { action: 'hide', id: 'post_01h455vb4pex5vsknk084sn02q' },
  ]
  for (const each of bad)
    await assert.rejects(square.edge.resolve({ id: report.id, ...each } as never, as), {
      code: 'invalid-input',
    })
})
