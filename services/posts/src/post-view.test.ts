import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PostFacts } from './contract.ts'
import { knownPost, repostViewOf, setCounts, viewOf } from './post-view.ts'

const id = 'post_01h455vb4pex5vsknk084sn02q' as const
const authorId = 'user_01h455vb4pex5vsknk084sn02q' as const
const card = { id: authorId, username: 'ana', displayName: 'Ana', avatarUrl: null, version: 1 }
const facts: PostFacts = {
  id,
  authorId,
  text: 'hello',
  tags: [],
  mentions: [],
  replyTo: null,
  rootId: null,
  answeredId: null,
  visibility: 'public',
  likeCount: 1,
  replyCount: 2,
  repostCount: 3,
  createdAt: '2026-01-01T00:00:00.000Z',
  editedAt: null,
  version: 1,
}

test('who sees the same shares one view: one for nobody and one for each way to react', () => {
  const post = knownPost(facts)
  const views = [undefined, [false, false], [true, false], [false, true], [true, true]].map(each =>
    each === undefined ? undefined : { liked: each[0]!, reposted: each[1]! },
  )
  const seen = views.map(reaction => viewOf(post, card, reaction))
  assert.equal(new Set(seen).size, 5)
  assert.deepEqual(
    seen.map(({ liked, reposted }) => [liked, reposted]),
    [
      [undefined, undefined],
      [false, false],
      [true, false],
      [false, true],
      [true, true],
    ],
  )
  assert.ok(!('liked' in seen[0]!))
  for (const [i, reaction] of views.entries()) {
    assert.equal(viewOf(post, card, reaction && { ...reaction }), seen[i])
    assert.ok(Object.isFrozen(seen[i]))
  }
})

test('counts and a changed author show in the next view, and change none that was given', () => {
  const post = knownPost(Object.freeze(facts))
  const first = viewOf(post, card, undefined)
  setCounts(post, { postId: id, likes: 10, replies: 20, reposts: 30 })
  const second = viewOf(post, card, undefined)
  assert.deepEqual(
    [first, second].map(view => [view.likeCount, view.replyCount, view.repostCount]),
    [
      [1, 2, 3],
      [10, 20, 30],
    ],
  )
  assert.deepEqual([facts.likeCount, post.facts.likeCount], [1, 10], 'the facts given are left as they were')
  const renamed = viewOf(post, { ...card, displayName: 'Anna', version: 2 }, undefined)
  assert.deepEqual([second.author.displayName, renamed.author.displayName], ['Ana', 'Anna'])
})

test('where it was reposted a post says by whom and when, and is else the same', () => {
  const view = viewOf(knownPost(facts), card, { liked: true, reposted: false })
  const by = { ...card, username: 'ben' }
  const shown = repostViewOf(view, { by, at: '2026-02-01T00:00:00.000Z' })
  const { repostedBy, repostedAt, ...rest } = shown
  assert.deepEqual(rest, view)
  assert.deepEqual(repostedBy, { id: authorId, username: 'ben', displayName: 'Ana', avatarUrl: null })
  assert.equal(repostedAt, '2026-02-01T00:00:00.000Z')
})
