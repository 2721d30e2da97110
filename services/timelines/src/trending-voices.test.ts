import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PostId, UserId } from '@plaza/kernel/contract'
import { newUuid, toId } from '@plaza/kernel/data'
import type { PostFacts } from '@plaza/posts/contract'
import { halfLivesIn, minus, plus, voiceAt } from './trending-score.ts'
import {
  asksOf,
  type Facts,
  keyOf,
  newVoices,
  type PostsEvent,
  type Voice,
  type Work,
  workOf,
} from './trending-voices.ts'

const hour = 3_600_000
const noon = Date.UTC(2026, 5, 1, 12)
const person = (n: number): UserId => `user_${String(n).padStart(26, '0')}`
const [ana, ben, cid] = [person(1), person(2), person(3)]
const post: PostId = toId('post', newUuid(0, noon))
const answer: PostId = toId('post', newUuid(0, noon))

const event = (type: PostsEvent['type'], data: object, at = noon) =>
  ({ id: 'event_1', type, stream: ana, version: 1, data, at: new Date(at) }) as PostsEvent
const liked = (userId: UserId, at = noon) => event('liked', { postId: post, authorId: ana, userId }, at)
const posted = (more: object = {}, at = noon) =>
  event('posted', { postId: post, authorId: ana, visibility: 'public', ...more }, at)
const written = (more: Partial<PostFacts> = {}) =>
  ({ id: post, authorId: ana, visibility: 'public', replyTo: null, tags: ['a'], ...more }) as PostFacts
const facts = (of: PostFacts | undefined): Facts => ({
  authors: new Map(of ? [[of.id, of.authorId]] : []),
  written: new Map(of ? [[of.id, of]] : []),
})
const speakers = (work: Work) => work.voices.map(voice => voice.person)
const tags = (work: Work) => work.tagged.get(post)?.tags

test('likes, reposts and answers of others speak for a post, and not those of its author', () => {
  const events = [
    liked(ben),
    event('reposted', { postId: post, authorId: ana, userId: cid, repostId: post }),
    event('posted', { postId: answer, authorId: cid, visibility: 'followers', replyTo: post }),
    liked(ana),
    event('posted', { postId: answer, authorId: ana, visibility: 'public', replyTo: post }),
  ]
  assert.deepEqual(speakers(workOf(events, facts(written()))), [ben, cid, cid])
  assert.deepEqual(asksOf(events), { spokenFor: [post], written: [] })
})

test('nobody speaks for what cannot trend', () => {
  const work = workOf([liked(ben)], facts(undefined))
  assert.deepEqual(work.voices, [])
})

test('a public post that answers none has tags, five at most; answers and posts to followers have none', () => {
  assert.deepEqual(tags(workOf([posted()], facts(written()))), ['a'])
  const many = written({ tags: ['a', 'b', 'c', 'd', 'e', 'f'] })
  assert.deepEqual(tags(workOf([posted()], facts(many))), ['a', 'b', 'c', 'd', 'e'])
  assert.equal(tags(workOf([posted()], facts(written({ visibility: 'followers' })))), undefined)
  assert.equal(tags(workOf([posted({ replyTo: answer })], facts(written({ replyTo: answer })))), undefined)
  assert.equal(tags(workOf([posted()], facts(undefined))), undefined)
  assert.deepEqual(asksOf([posted({ visibility: 'followers' })]), { spokenFor: [], written: [] })
})

test('an edit gives the tags of now, unless the post is a week old; deletion and hiding take them', () => {
  const edited = (at: number) => event('edited', { postId: post, authorId: ana }, at)
  assert.deepEqual(tags(workOf([edited(noon + hour)], facts(written({ tags: ['b'] })))), ['b'])
  assert.deepEqual(tags(workOf([edited(noon + 8 * 24 * hour)], facts(written()))), [])
  for (const type of ['deleted', 'hidden'] as const) {
    const work = workOf([posted(), event(type, { postId: post, authorId: ana })], facts(undefined))
    assert.deepEqual(tags(work), [])
    assert.deepEqual([...work.gone], [[post, ana]])
    const ofAnswer = workOf([event(type, { postId: answer, authorId: ana, replyTo: post })], facts(undefined))
    assert.equal(ofAnswer.gone.size, 0)
  }
})

const voice = (subject: string, by: UserId, at = noon): Voice => ({ subject, person: by, at })
const none = new Map<never, never>()

test('a person speaks for a post once, whatever they do, at once or later', () => {
  const [first, ...more] = newVoices([voice(post, ben), voice(post, ben, noon + hour)], none, none)
  assert.deepEqual(more, [])
  assert.deepEqual(first, {
    subject: post,
    person: ben,
    voice: voiceAt(noon),
    adds: voiceAt(noon),
    isFirst: true,
  })
  const known = new Map([[keyOf(first!), first!.voice]])
  assert.deepEqual(newVoices([voice(post, ben, noon + 1000 * hour)], known, none), [])
})

test('a person speaks for a tag once a day: the later voice takes the place of the earlier', () => {
  const known = new Map([[keyOf({ subject: '#a', person: ben }), voiceAt(noon)]])
  assert.deepEqual(newVoices([voice('#a', ben, noon + 23 * hour)], known, none), [])
  const [again] = newVoices([voice('#a', ben, noon + 24 * hour)], known, none)
  assert.equal(again!.isFirst, false)
  assert.equal(again!.voice, voiceAt(noon) + halfLivesIn(24 * hour))
  assert.equal(again!.adds, minus(again!.voice, voiceAt(noon)))
  assert.ok(Math.abs(plus(voiceAt(noon), again!.adds) - again!.voice) < 1e-9)
})

test('a person pushes 300 posts and 30 tags an hour at most', () => {
  const many = (subject: (n: number) => string) =>
    Array.from({ length: 1_000 }, (_, n) => voice(subject(n), ben))
  const posts = many(n => toId('post', newUuid(n)))
  const tagged = many(n => `#${n}`)
  assert.equal(newVoices([...posts, ...tagged], none, none).length, 330)
  const said = new Map([[ben, { posts: 290, tags: 30 }]])
  assert.equal(newVoices([...posts, ...tagged], none, said).length, 10)
  assert.equal(newVoices([voice(post, cid)], none, said).length, 1)
})
