import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { PostId, UserId } from '@plaza/kernel/contract'
import { toUuid } from '@plaza/kernel/data'
import type { Post } from '../src/contract.ts'
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

const ids = (posts: readonly Post[]) => posts.map(post => post.id)
const notFound = { code: 'post-not-found' }
const nobody = {
  id: 'user_00000000000000000000000000',
  username: 'deleted',
  displayName: 'Deleted',
  avatarUrl: null,
}
const rowOf = async (id: PostId) =>
  (await square.owner.query('select * from posts.posts where id = $1', [toUuid(id)])).rows[0]

test('of a deleted post with answers its place is left, without a word of it or its author', async () => {
  const root = await square.create(ana, 'a secret #secret of @ben')
  await square.edit(root.id, 'my secret #secret of @ben', ana)
  const answer = await square.comment(ben, root.id)
  const inner = await square.comment(ana, answer.id, 'inner')
  await square.thread(root.id, ben)
  assert.equal(await square.delete(root.id, ana), null)
  assert.equal(await square.delete(root.id, ana), null)
  await assert.rejects(square.delete(root.id, ben), notFound)
  for (const by of [ana, ben, undefined]) {
    await assert.rejects(square.get(root.id, by), notFound)
    await assert.rejects(square.edge.listEdits({ id: root.id }, asClient(by)), notFound)
  }
  await assert.rejects(square.edit(root.id, 'back', ana), notFound)
  assert.deepEqual(await square.service.byIds({ ids: [root.id], hidden: true }, asClient()), [])
  const thread = await square.thread(root.id, ben)
  assert.deepEqual(thread.post, {
    id: root.id,
    author: nobody,
    text: '',
    tags: [],
    mentions: [],
    media: [],
    products: [],
    replyTo: null,
    visibility: 'public',
    likeCount: 0,
    replyCount: 0,
    repostCount: 0,
    deleted: true,
    liked: false,
    reposted: false,
    createdAt: root.createdAt,
    editedAt: null,
    version: 3,
  })
  assert.deepEqual(ids(thread.descendants), ids([answer, inner]))
  assert.deepEqual((await square.thread(inner.id)).ancestors[0]?.author, nobody)
  assert.deepEqual(ids((await square.comments(root.id)).items), [answer.id])
  const told = (await square.events(ana)).filter(each => each.type === 'deleted')
  assert.deepEqual(
    told.map(each => each.data),
    [{ postId: root.id, authorId: ana }],
  )
  const { rows } = await square.owner.query(
    'select (select count(*) from posts.post_edits)::int as edits, (select count(*) from posts.post_tags)::int as tags',
  )
  assert.deepEqual(rows[0], { edits: 0, tags: 0 })
})

test('a place that is left without answers goes, and those above it', async () => {
  const root = await square.create(ana, 'root')
  const one = await square.comment(ben, root.id)
  const two = await square.comment(ana, one.id)
  const three = await square.comment(ben, two.id)
  const beside = await square.comment(ben, one.id)
  await square.delete(two.id, ana)
  await square.delete(one.id, ben)
  await square.delete(root.id, ana)
  assert.deepEqual(
    (await square.thread(three.id)).ancestors.map(post => post.deleted),
    [true, true, true],
  )
  await square.delete(three.id, ben)
  assert.equal(await rowOf(two.id), undefined)
  assert.deepEqual(ids((await square.thread(root.id)).descendants), ids([one, beside]))
  await square.delete(beside.id, ben)
  for (const { id } of [root, one, two, three, beside]) {
    assert.equal(await rowOf(id), undefined)
    await assert.rejects(square.thread(id, ana), notFound)
  }
  const told = (await square.events(ben)).filter(each => each.type === 'deleted').slice(-2)
  assert.deepEqual(
    told.map(each => (each.data as { replyTo: PostId }).replyTo),
    [two.id, one.id],
  )
})

test('one who deletes and many who answer at the same moment: who was told it is written finds it in the thread', async () => {
  for (let round = 0; round < 15; round++) {
    const root = await square.create(ana, 'root')
    const middle = await square.comment(ana, root.id)
    const outcomes = await Promise.allSettled([
      ...Array.from({ length: 6 }, (_, i) => square.comment(ben, i % 2 ? root.id : middle.id, `${i}`)),
      square.delete(middle.id, ana),
      square.delete(root.id, ana),
      ...Array.from({ length: 6 }, (_, i) => square.comment(ben, i % 2 ? root.id : middle.id, `${i}`)),
    ])
    const written: PostId[] = []
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') assert.equal(outcome.reason.code, 'post-not-found')
      else if (outcome.value !== null) written.push(outcome.value.id)
    }
    if (written.length === 0) {
      assert.deepEqual([await rowOf(root.id), await rowOf(middle.id)], [undefined, undefined])
      continue
    }
    const { post, descendants } = await square.thread(root.id)
    assert.equal(post.deleted, true)
    assert.deepEqual(ids(descendants.filter(each => !each.deleted)), written.sort())
    await Promise.all(written.map(id => square.delete(id, ben)))
    assert.deepEqual([await rowOf(root.id), await rowOf(middle.id)], [undefined, undefined])
  }
})

test('an answer sent again gets its first answer, though what it answered is deleted', async () => {
  const root = await square.create(ana, 'root')
  const first = await square.create(ben, 'me', { replyTo: root.id }, 'answer once')
  await square.delete(first.id, ben)
  await square.delete(root.id, ana)
  assert.deepEqual(await square.create(ben, 'me', { replyTo: root.id }, 'answer once'), first)
  await assert.rejects(square.create(ben, 'me', { replyTo: root.id }, 'another key'), notFound)
  const { rowCount } = await square.owner.query('select from posts.idempotency_keys')
  assert.equal(rowCount, 1)
})

test('what moderation hides is gone for everybody, and its author can only delete it', async () => {
  const root = await square.create(ana, 'fine')
  const bad = await square.comment(ben, root.id, 'bad')
  const below = await square.comment(ana, bad.id, 'not nice')
  const post = await square.create(ben, 'bad too #bad')
  await square.list(ben, ana, { replies: true })
  for (const { id } of [bad, post, bad]) assert.equal(await square.service.hide({ id }, asClient()), null)
  for (const by of [undefined, ana, ben])
    for (const { id } of [bad, post]) {
      await assert.rejects(square.get(id, by), notFound)
      await assert.rejects(square.thread(id, by), notFound)
    }
  await assert.rejects(square.edit(post.id, 'good', ben), notFound)
  await assert.rejects(square.edge.hide({ id: post.id }, asClient(ben)))
  const span = { limit: 100, without: [] as UserId[] }
  const listed = [
    ...(await square.service.pagePublic(span, asClient())).ids,
    ...(await square.service.pageByTag({ ...span, tag: 'bad' }, asClient())).ids,
    ...(await square.service.pageByAuthors({ authors: [ben], limit: 100 }, asClient())).ids,
    ...ids((await square.list(ben, ben, { replies: true })).items),
    ...ids((await square.comments(root.id, ben)).items),
    ...ids((await square.thread(root.id, ben)).descendants),
    ...(await square.service.pageAll({ limit: 1_000 }, asClient())).map(facts => facts.id),
    ...(await square.service.byIds({ ids: [bad.id, post.id] }, asClient())).map(facts => facts.id),
  ]
  assert.equal(listed.filter(id => id === bad.id || id === post.id).length, 0)
  assert.deepEqual(ids((await square.thread(root.id, ben)).descendants), [below.id])
  const [facts] = await square.service.byIds({ ids: [post.id], hidden: true }, asClient())
  assert.deepEqual([facts?.visibility, facts?.text], ['hidden', 'bad too #bad'])
  assert.equal(await square.delete(bad.id, ben), null)
  assert.equal(await square.delete(bad.id, ben), null)
  await assert.rejects(square.service.hide({ id: bad.id }, asClient()), notFound)
  assert.equal((await square.thread(below.id)).ancestors.at(-1)?.deleted, true)
  const ends = (await square.events(ben)).filter(each => {
    return ['hidden', 'deleted'].includes(each.type) && (each.data as { postId: PostId }).postId === bad.id
  })
  assert.deepEqual(
    ends.map(each => [each.type, each.data]),
    [['hidden', { postId: bad.id, authorId: ben, replyTo: root.id }]],
    'each post ends with one event',
  )
})

test('what suspended people wrote is gone for everybody while they are, threads go on without it', async () => {
  const sam = square.users.add('sam')
  const root = await square.create(ana, 'root')
  const [own, answer] = [await square.create(sam, 'spam'), await square.comment(sam, root.id, 'spam')]
  const below = await square.comment(ben, answer.id, 'no spam please')
  await square.auth.suspend(sam)
  await until(async () => (await square.thread(root.id)).descendants.length === 1)
  assert.deepEqual(ids((await square.thread(root.id, ben)).descendants), [below.id])
  for (const { id } of [own, answer]) {
    await assert.rejects(square.get(id, ben), notFound)
    await assert.rejects(square.comment(ben, id), notFound)
  }
  assert.deepEqual((await square.comments(root.id)).items, [])
  assert.deepEqual((await square.list(sam, ben)).items, [])
  await square.auth.suspend(sam, false)
  await until(async () => (await square.list(sam, ben)).items.length === 1)
  assert.deepEqual(ids((await square.thread(root.id)).descendants), ids([answer, below]))
})

test('of a long row of places without another answer the last deletion takes all, level by level', async () => {
  const chain = [await square.create(ana, 'root')]
  for (let i = 0; i < 30; i++) chain.push(await square.comment(ana, chain.at(-1)!.id))
  for (const { id } of chain) await square.delete(id, ana)
  for (const { id } of chain) assert.equal(await rowOf(id), undefined)
})
