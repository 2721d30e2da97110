import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { UserId } from '@plaza/kernel/contract'
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

test('a post is there for everybody right after it was written, as it was answered', async () => {
  const post = await square.create(ana, 'Hello #Plaza, hello @Ben and @nobody_at_all')
  assert.deepEqual(post, {
    id: post.id,
    author: { id: ana, username: 'ana', displayName: 'ana', avatarUrl: null },
    text: 'Hello #Plaza, hello @Ben and @nobody_at_all',
    tags: ['plaza'],
    mentions: [{ id: ben, username: 'ben' }],
    media: [],
    products: [],
    replyTo: null,
    visibility: 'public',
    likeCount: 0,
    replyCount: 0,
    repostCount: 0,
    liked: false,
    reposted: false,
    createdAt: post.createdAt,
    editedAt: null,
    version: 1,
  })
  assert.ok(Math.abs(Date.parse(post.createdAt) - Date.now()) < 10_000)
  assert.deepEqual(await square.get(post.id, ben), post)
  const { liked, reposted, ...forNobody } = post
  assert.deepEqual([liked, reposted], [false, false])
  assert.deepEqual(await square.get(post.id), forNobody)
})

test('a post that does not exist is not found', async () => {
  await assert.rejects(square.get(square.nobodysId()), { code: 'post-not-found' })
  await assert.rejects(square.edit(square.nobodysId(), 'x', ana), { code: 'post-not-found' })
  await assert.rejects(square.delete(square.nobodysId(), ana), { code: 'post-not-found' })
  await assert.rejects(square.edge.listEdits({ id: square.nobodysId() }, asClient()), {
    code: 'post-not-found',
  })
})

test('a text has 1 to 5,000 Unicode code points', async () => {
  const long = '😀'.repeat(5_000)
  const post = await square.create(ana, long)
  assert.equal((await square.get(post.id)).text, long)
  for (const text of ['', `${long}x`, 'e\u0301'.repeat(2_501)]) {
    await assert.rejects(square.create(ana, text), { code: 'invalid-input' })
  }
  for (const more of [
    { replyTo: 'post_1' },
    { mediaIds: [] },
    { productIds: [] },
    { visibility: 'secret' },
  ]) {
    await assert.rejects(square.create(ana, 'x', more as never), { code: 'invalid-input' })
  }
})

test('a post for followers is there for its author and who follows, for nobody else', async () => {
  const cleo = square.users.add('cleo')
  const post = await square.create(ana, 'only for you', { visibility: 'followers' })
  assert.equal((await square.get(post.id, ana)).visibility, 'followers')
  for (const other of [undefined, ben, cleo]) {
    await assert.rejects(square.get(post.id, other), { code: 'post-not-found' })
    await assert.rejects(square.edge.listEdits({ id: post.id }, asClient(other)), { code: 'post-not-found' })
  }
  square.users.relate('follow', cleo, ana)
  assert.equal((await square.get(post.id, cleo)).text, 'only for you')
  square.users.relate('follow', cleo, ana, false)
  await assert.rejects(square.get(post.id, cleo), { code: 'post-not-found' })
})

test('a block hides the posts of both from each other at once', async () => {
  const [dora, emil] = [square.users.add('dora'), square.users.add('emil')]
  const posts = [await square.create(dora, 'of Dora'), await square.create(emil, 'of Emil')]
  await Promise.all(posts.map(post => square.get(post.id, dora)))
  square.users.relate('block', dora, emil)
  await assert.rejects(square.get(posts[0]!.id, emil), { code: 'post-not-found' })
  await assert.rejects(square.get(posts[1]!.id, dora), { code: 'post-not-found' })
  square.users.relate('block', dora, emil, false)
  assert.equal((await square.get(posts[0]!.id, emil)).text, 'of Dora')
})

test("nobody changes another's post: seen but not theirs is forbidden, not seen is not there", async () => {
  const seen = await square.create(ana, 'for all')
  const unseen = await square.create(ana, 'for followers', { visibility: 'followers' })
  await assert.rejects(square.edit(seen.id, 'mine now', ben), {
    code: 'not-your-post',
    category: 'forbidden',
  })
  await assert.rejects(square.delete(seen.id, ben), { code: 'not-your-post', category: 'forbidden' })
  await assert.rejects(square.edit(unseen.id, 'mine now', ben), { code: 'post-not-found' })
  await assert.rejects(square.delete(unseen.id, ben), { code: 'post-not-found' })
  square.users.relate('block', ana, ben)
  await assert.rejects(square.edit(seen.id, 'mine now', ben), { code: 'post-not-found' })
  await assert.rejects(square.delete(seen.id, ben), { code: 'post-not-found' })
  square.users.relate('block', ana, ben, false)
  assert.deepEqual([(await square.get(seen.id)).text, (await square.get(seen.id)).version], ['for all', 1])
})

test('an edit shows at once, keeps the earlier text, and moves tags and mentions', async () => {
  const post = await square.create(ana, 'first #one')
  const byTag = async (tag: string) =>
    (await square.service.pageByTag({ tag, without: [], limit: 10 }, asClient())).ids
  assert.deepEqual([await byTag('one'), await byTag('two')], [[post.id], []])
  const edited = await square.edit(post.id, 'second #two @ben', ana, 1)
  assert.deepEqual([await byTag('one'), await byTag('two')], [[], [post.id]])
  assert.deepEqual(
    [edited.text, edited.tags, edited.mentions, edited.version, edited.createdAt],
    ['second #two @ben', ['two'], [{ id: ben, username: 'ben' }], 2, post.createdAt],
  )
  assert.ok(edited.editedAt! >= post.createdAt)
  assert.deepEqual(await square.get(post.id, ana), edited)
  await square.edit(post.id, 'third', ana)
  const first = await square.edge.listEdits({ id: post.id, limit: 1 }, asClient())
  assert.deepEqual(first.items, [{ version: 2, text: 'second #two @ben', writtenAt: edited.editedAt }])
  const second = await square.edge.listEdits({ id: post.id, limit: 1, cursor: first.nextCursor! }, asClient())
  assert.deepEqual(second.items, [{ version: 1, text: 'first #one', writtenAt: post.createdAt }])
  assert.equal(second.nextCursor, null)
  assert.deepEqual([await byTag('one'), await byTag('two')], [[], []])
})

test('an edit of a text that was changed meanwhile is refused, and changes nothing', async () => {
  const post = await square.create(ana, 'first')
  await square.edit(post.id, 'second', ana, 1)
  await assert.rejects(square.edit(post.id, 'third', ana, 1), { code: 'stale' })
  assert.equal((await square.get(post.id)).text, 'second')
  assert.equal((await square.edit(post.id, 'second', ana, 2)).version, 2, 'the same text is no edit')
})

test('of two edits of one version at the same moment one is refused', async () => {
  const post = await square.create(ana, 'first')
  const both = await Promise.allSettled([
    square.edit(post.id, 'left', ana, 1),
    square.edit(post.id, 'right', ana, 1),
  ])
  assert.deepEqual(both.map(each => each.status).sort(), ['fulfilled', 'rejected'])
  assert.equal((await square.get(post.id)).version, 2)
})

test('a deleted post is gone at once, with its history and tags; deleting it again is the same as once', async () => {
  const post = await square.create(ana, 'soon gone #gone')
  await square.edit(post.id, 'nearly gone #gone', ana)
  assert.equal(await square.delete(post.id, ana), null)
  assert.equal(await square.delete(post.id, ana), null)
  await assert.rejects(square.delete(post.id, ben), { code: 'post-not-found' })
  await assert.rejects(square.get(post.id, ana), { code: 'post-not-found' })
  await assert.rejects(square.edit(post.id, 'back', ana), { code: 'post-not-found' })
  assert.deepEqual(await square.service.byIds({ ids: [post.id] }, asClient()), [])
  assert.deepEqual(
    (await square.service.pageByTag({ tag: 'gone', without: [], limit: 10 }, asClient())).ids,
    [],
  )
  const events = await square.events(ana)
  assert.equal(events.filter(each => each.type === 'deleted').length, 1)
})

test("every write is one event of its author's stream, in order, and authorVersions counts them", async () => {
  const fay = square.users.add('fay')
  assert.deepEqual(await square.service.authorVersions({ ids: [fay] }, asClient()), [])
  const post = await square.create(fay, 'a text that no event carries')
  await square.edit(post.id, 'another', fay)
  await square.delete(post.id, fay)
  const events = await square.events(fay)
  assert.deepEqual(
    events.map(({ type, version, data }) => [type, version, data]),
    [
      ['posted', '1', { postId: post.id, authorId: fay, visibility: 'public' }],
      ['edited', '2', { postId: post.id, authorId: fay }],
      ['deleted', '3', { postId: post.id, authorId: fay }],
    ],
  )
  assert.deepEqual(await square.service.authorVersions({ ids: [fay, ben] }, asClient()), [
    { id: fay, version: 3 },
  ])
})

test("an author's name is as it is now: at once in one's own eyes, soon in others'", async () => {
  const gus = square.users.add('gus')
  const post = await square.create(gus, 'x')
  await square.get(post.id, ben)
  await square.users.rename(gus, 'Gustav')
  assert.equal((await square.get(post.id, gus)).author.displayName, 'Gustav')
  await until(async () => (await square.get(post.id, ben)).author.displayName === 'Gustav')
})

test('a text that is all mentions, or one tag, is written in a moment; 10,000 mentions are too long', async () => {
  const started = performance.now()
  const mentions = await square.create(ana, '@ben '.repeat(999))
  assert.deepEqual(
    mentions.mentions.map(each => each.username),
    ['ben'],
  )
  assert.deepEqual((await square.create(ana, `#${'tag'.repeat(1_666)}`)).tags, [])
  const people = Array.from({ length: 500 }, (_, i) => `@name_${i}`).join(' ')
  assert.deepEqual((await square.create(ana, people)).mentions, [])
  await assert.rejects(square.create(ana, '@ben '.repeat(10_000)), { code: 'invalid-input' })
  assert.ok(performance.now() - started < 5_000)
})

test('a letter that stands for several words makes one tag', async () => {
  const post = await square.create(ana, '#ﷺ')
  assert.equal(post.tags.length, 1)
  assert.deepEqual(await square.get(post.id, ana), post)
  const { ids } = await square.service.pageByTag({ tag: 'ﷺ', without: [], limit: 1 }, asClient())
  assert.deepEqual(ids, [post.id])
})
