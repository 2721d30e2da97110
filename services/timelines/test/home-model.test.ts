import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PostId, UserId } from '@plaza/kernel/contract'
import { type Post, posts } from '@plaza/posts/contract'
import { asking } from '@plaza/testing'
import { openSocialSquare, type SocialSquare } from '@plaza/testing/social-square'
import { users } from '@plaza/users/contract'
import fc from 'fast-check'
import { timelines } from '../src/contract.ts'
import { timelinesWith } from '../src/service.ts'
import { among, HomeModel, lineOf } from './home-model.ts'

const people = 5
const who = fc.nat({ max: people - 1 })
const nth = fc.nat({ max: 30 })
const one = <D extends string>(...does: D[]) => fc.constantFrom(...does)
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ does: one('post'), by: who, secret: fc.boolean() }) },
    { weight: 4, arbitrary: fc.record({ does: one('delete', 'hide'), by: who, n: nth }) },
    { weight: 12, arbitrary: fc.record({ does: one('repost', 'repost', 'unrepost'), by: who, n: nth }) },
    {
      weight: 6,
      arbitrary: fc.record({
        does: one('like', 'unlike', 'comment'),
        by: who,
        n: nth,
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({ does: one('follow', 'follow', 'unfollow', 'mute', 'unmute'), by: who, to: who }),
    },
    { weight: 2, arbitrary: fc.record({ does: one('block', 'unblock'), by: who, to: who }) },
    { weight: 2, arbitrary: fc.record({ does: one('suspend', 'unsuspend'), by: who }) },
    {
      weight: 4,
      arbitrary: fc.record({
        does: one('read'),
        by: who,
        limit: fc.integer({ min: 1, max: 4 }),
        at: fc.nat({ max: 1 }),
      }),
    },
  ),
  { minLength: 20, maxLength: 60 },
)

async function walk(square: SocialSquare, id: UserId, limit: number, instance: number): Promise<Post[]> {
  const seen: Post[] = []
  const client = square.as(timelines, id, instance)
  for (let cursor: string | null = null; ; ) {
    const page: Awaited<ReturnType<typeof client.home>> = await client.home({
      limit,
      ...(cursor && { cursor }),
    })
    seen.push(...page.items)
    if (page.nextCursor === null) return seen
    assert.equal(page.items.length, limit, 'a page before the last is full')
    cursor = page.nextCursor
  }
}

type Step = typeof steps extends fc.Arbitrary<(infer S)[]> ? S : never

async function take(square: SocialSquare, model: HomeModel, ids: UserId[], step: Step): Promise<void> {
  const by = ids[step.by]!
  if (step.does === 'suspend' || step.does === 'unsuspend') {
    if (step.does === 'unsuspend') return unsuspend(square, model, ids, step.by)
    await square.suspend(by)
    model.suspended.add(step.by)
    return
  }
  // Who is suspended can do nothing.
  if (model.suspended.has(step.by)) return
  if (step.does === 'post') {
    const visibility = step.secret ? 'followers' : 'public'
    const { id } = await square.as(posts, by).create({ text: 'x', visibility })
    model.post(id, step.by, step.secret)
  } else if (step.does === 'read') {
    await assertHome(square, model, ids, step.by, step.limit, step.at)
  } else if ('n' in step) await touch(square, model, ids, step)
  else if ('to' in step) await relate(square, model, ids, step)
}

/** Waits until every instance has heard it: that they are back is no write of their own, which would show at once. */
async function unsuspend(
  square: SocialSquare,
  model: HomeModel,
  ids: UserId[],
  person: number,
): Promise<void> {
  await square.suspend(ids[person]!, false)
  model.suspended.delete(person)
  for (const instance of square.instances.keys()) {
    const own = new Set(model.ownOf(person))
    const end = Date.now() + 5_000
    for (let left = 1; left > 0; ) {
      const seen = new Set((await walk(square, ids[person]!, 100, instance)).map(post => post.id))
      left = own.difference(seen).size
      assert.ok(Date.now() < end, 'who is suspended no more is seen again')
    }
  }
}

async function relate(
  square: SocialSquare,
  model: HomeModel,
  ids: UserId[],
  step: Extract<Step, { to: number }>,
): Promise<void> {
  const { does, by, to } = step
  if (by === to || model.suspended.has(to)) return
  if (does === 'unblock' ? !model.blocks.has(`${by} ${to}`) : model.areBlocked(by, to)) return
  await square.as(users, ids[by]!)[does]({ id: ids[to]! })
  model.relate(does, by, to)
}

/** Does something to one of the posts they may do it to. */
async function touch(
  square: SocialSquare,
  model: HomeModel,
  ids: UserId[],
  { does, by, n }: Extract<Step, { n: number }>,
): Promise<void> {
  const own = does === 'delete' || does === 'hide'
  const undoes = (id: PostId) => {
    const { likes, reposts } = model.posts.get(id)!
    return does === 'unlike' ? likes.has(by) : does !== 'unrepost' || reposts.has(by)
  }
  const reach = own ? model.ownOf(by) : model.reachOf(by).filter(undoes)
  const id = reach[n % Math.max(reach.length, 1)]
  if (id === undefined) return
  const post = model.posts.get(id)!
  if (does === 'repost' && post.secret) return
  const asked = square.as(posts, ids[by]!)
  if (does === 'hide') await square.instances[0]!.call(posts).hide({ id }, asking())
  else if (does === 'comment') await asked.comment({ id, text: 'y' })
  else await asked[does]({ id })
  if (own) model.remove(id)
  if (does === 'like') post.likes.add(by)
  if (does === 'unlike') post.likes.delete(by)
  if (does === 'comment') post.replies++
  if (does === 'repost' || does === 'unrepost') model.repost(id, by, does === 'repost')
}

/** At once: what one did oneself, and of others nothing that the relations hide. Soon: exactly what the model shows. */
async function assertHome(
  square: SocialSquare,
  model: HomeModel,
  ids: UserId[],
  viewer: number,
  limit: number,
  instance: number,
): Promise<void> {
  const expected = model.homeOf(viewer)
  const numberOf = (id: UserId) => ids.indexOf(id)
  const read = async () =>
    (await walk(square, ids[viewer]!, limit, instance)).map(post => lineOf(post, numberOf))
  await assertAtOnce(square, model, ids, viewer, limit, instance)
  const end = Date.now() + 5_000
  for (let now = await read(); now.join() !== expected.join(); now = await read()) {
    if (Date.now() > end) assert.deepEqual(now, expected)
  }
}

async function assertAtOnce(
  square: SocialSquare,
  model: HomeModel,
  ids: UserId[],
  viewer: number,
  limit: number,
  instance: number,
): Promise<void> {
  if (model.suspended.has(viewer)) return
  const numberOf = (id: UserId | undefined) => ids.indexOf(id as UserId)
  const first = await walk(square, ids[viewer]!, limit, instance)
  const written = first.filter(post => post.repostedBy === undefined).map(post => post.id)
  assert.deepEqual(written, [...new Set(written)].sort().reverse(), 'newest first, each once')
  const own = first.filter(post => numberOf(post.author.id) === viewer && post.repostedBy === undefined)
  assert.deepEqual(
    own.map(post => post.id),
    model.ownOf(viewer),
    'own posts',
  )
  for (const post of first) {
    const [author, by] = [numberOf(post.author.id), numberOf(post.repostedBy?.id ?? post.author.id)]
    assert.ok(model.isReadBy(viewer, by), 'only of whom they follow and did not mute')
    if (post.repostedBy === undefined) continue
    assert.ok(author === viewer || !model.areBlocked(viewer, author), 'nothing of whom they blocked')
    assert.ok(author === viewer || !model.mutes.has(`${viewer} ${author}`), 'nothing of whom they muted')
    assert.ok(
      by !== viewer || model.posts.get(post.id)?.reposts.has(viewer) !== false,
      'own reposts that stand',
    )
  }
  for (const { id, liked, reposted } of first) {
    const post = model.posts.get(id)
    if (post !== undefined)
      assert.deepEqual([liked, reposted], [post.likes.has(viewer), post.reposts.has(viewer)], 'own reactions')
  }
  const page = await square.as(timelines, ids[viewer]!, instance).home({ limit: 100 })
  const seen = new Set(page.items.map(post => post.id))
  assert.deepEqual(
    model.ownRepostsOf(viewer).filter(id => !seen.has(id)),
    [],
    'own reposts',
  )
}

// Bounds so small that every way is taken: the database below the inbox, inboxes made again, authors merged at read. With room for all, events alone
// keep the inboxes.
const bounds = {
  'inboxes that come and go': { capacity: 4, hotAbove: 1, maxInboxes: 3 },
  'inboxes that stay': { capacity: 10, hotAbove: 3 },
}

for (const [name, options] of Object.entries(bounds)) {
  test(`whatever people post, repost, like, answer, delete, follow, mute and block, and whoever is suspended: home is exactly what the model says, with ${name}`, async () => {
    const small = timelinesWith({ ...options, onceAmong: among })
    await using square = await openSocialSquare([small], { instances: 2 })
    await fc.assert(
      fc.asyncProperty(steps, async list => {
        const model = new HomeModel()
        const ids = Array.from({ length: people }, () => square.addPerson())
        for (let by = 0; by < people; by++) {
          for (const to of [(by + 1) % people, (by + 2) % people])
            await relate(square, model, ids, { does: 'follow', by, to })
        }
        for (const [i, step] of list.entries()) {
          await take(square, model, ids, step)
          await assertAtOnce(square, model, ids, step.by, 4, i % 2)
        }
        const assertHomes = async () => {
          for (let viewer = 0; viewer < people; viewer++) {
            if (model.suspended.has(viewer)) continue
            for (const instance of square.instances.keys())
              await assertHome(square, model, ids, viewer, 3, instance)
          }
        }
        await assertHomes()
        if (model.suspended.size === 0) return
        // What was left out stands where it stood.
        for (const person of model.suspended) await unsuspend(square, model, ids, person)
        await assertHomes()
      }),
      { numRuns: 5, endOnFailure: true },
    )
  })
}
