import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryCache } from '@plaza/kernel/cache'
import type { PostId, UserId } from '@plaza/kernel/contract'
import { makeMetrics } from '@plaza/kernel/telemetry'
import type { Reactions } from './contract.ts'
import { ReactionCache, rememberedReactions } from './reaction-cache.ts'

const ana = 'user_01h455vb4pex5vsknk084sn02q' as UserId
const post = (n: number) => `post_${String(n).padStart(26, '0')}` as PostId

/** A cache over a person's log that a test writes: as the database would tell it. */
function setUp(remembered = 1_000) {
  const now: { version: number; liked: PostId[]; reposted: PostId[] } = {
    version: 0,
    liked: [],
    reposted: [],
  }
  let loads = 0
  let gate: Promise<void> = Promise.resolve()
  const cache = new ReactionCache(memoryCache(makeMetrics()), 'test.reactions', async () => {
    loads++
    const read: Reactions = {
      version: now.version,
      liked: now.liked.toSorted().reverse().slice(0, remembered),
      likedFloor: now.liked.length > remembered ? now.liked.toSorted().reverse()[remembered - 1]! : '',
      reposted: [...now.reposted],
      repostedFloor: '',
    }
    await gate
    return read
  })
  return {
    cache,
    now,
    loads: () => loads,
    holdLoads: () => {
      const held = Promise.withResolvers<void>()
      gate = held.promise
      return () => {
        gate = Promise.resolve()
        held.resolve()
      }
    },
    like: (id: PostId) => {
      now.liked.push(id)
      return ++now.version
    },
    to: async (id: PostId, version = now.version) => (await cache.of(ana, version))(id),
  }
}

const likes = { liked: true, reposted: false }
const neither = { liked: false, reposted: false }

test('what is known at the version asked for costs no reading; a newer version is read', async () => {
  const { like, to, loads, cache, now } = setUp()
  like(post(1))
  assert.deepEqual([await to(post(1)), await to(post(2))], [likes, neither])
  assert.equal(loads(), 1)
  assert.ok(!(cache.of(ana, now.version) instanceof Promise), 'and is there without waiting')
  like(post(2))
  assert.deepEqual(await to(post(2)), likes)
  assert.equal(loads(), 2)
})

test('events heard in their order keep it as new as the log, without reading', async () => {
  const { cache, to, loads } = setUp()
  await to(post(1))
  cache.hear(ana, 1, 'liked', post(1))
  cache.hear(ana, 2)
  cache.hear(ana, 3, 'reposted', post(1))
  cache.hear(ana, 2, 'unliked', post(1))
  assert.deepEqual(await to(post(1), 3), { liked: true, reposted: true }, 'heard again is heard once')
  cache.hear(ana, 4, 'unliked', post(1))
  cache.hear(ana, 5, 'unreposted', post(1))
  assert.deepEqual(await to(post(1), 5), neither)
  assert.equal(loads(), 1)
})

test('after a gap in what was heard it is read again', async () => {
  const { cache, like, to, loads } = setUp()
  await to(post(1))
  like(post(1))
  cache.hear(ana, like(post(2)), 'liked', post(2))
  assert.deepEqual([await to(post(1)), await to(post(2))], [likes, likes])
  assert.equal(loads(), 2)
})

test('what was being read while something was written is not taken for new', async () => {
  const { cache, like, to, holdLoads } = setUp()
  const release = holdLoads()
  const early = to(post(1), 0)
  const version = like(post(1))
  cache.hear(ana, version, 'liked', post(1))
  const late = to(post(1), version)
  release()
  assert.deepEqual([await early, await late], [neither, likes])
  assert.deepEqual(await to(post(1)), likes)
})

test('of posts below its floor it says that it does not know', async () => {
  const { like, to } = setUp(2)
  for (const n of [5, 6, 7]) like(post(n))
  assert.deepEqual([await to(post(7)), await to(post(6)), await to(post(8))], [likes, likes, neither])
  assert.equal(await to(post(5)), undefined)
})

test('one who likes without end is forgotten, and read again', async () => {
  const { cache, like, to, loads } = setUp()
  await to(post(0))
  for (let n = 1; n <= 4 * rememberedReactions + 1; n++) cache.hear(ana, like(post(n)), 'liked', post(n))
  assert.deepEqual(await to(post(4 * rememberedReactions)), likes)
  assert.equal(loads(), 2)
  cache.clear()
  await to(post(1))
  assert.equal(loads(), 3)
})
