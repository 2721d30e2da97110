import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PostId, UserId } from '@plaza/kernel/contract'
import { type Post, posts } from '@plaza/posts/contract'
import { openSocialSquare, type SocialSquare } from '@plaza/testing/social-square'
import { users } from '@plaza/users/contract'
import fc from 'fast-check'
import { timelines } from '../src/contract.ts'
import { timelinesWith } from '../src/service.ts'

const people = 5
const who = fc.nat({ max: people - 1 })
const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ does: fc.constant('post' as const), by: who, secret: fc.boolean() }),
    },
    {
      weight: 5,
      arbitrary: fc.record({ does: fc.constant('delete' as const), by: who, n: fc.nat({ max: 30 }) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        does: fc.constantFrom('follow' as const, 'unfollow' as const, 'mute' as const, 'unmute' as const),
        by: who,
        to: who,
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ does: fc.constantFrom('block' as const, 'unblock' as const), by: who, to: who }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        does: fc.constant('read' as const),
        by: who,
        limit: fc.integer({ min: 1, max: 4 }),
        at: fc.nat({ max: 1 }),
      }),
    },
  ),
  { minLength: 10, maxLength: 40 },
)

/** What home must show, said as plainly as can be. */
class Model {
  readonly follows = new Set<string>()
  readonly blocks = new Set<string>()
  readonly mutes = new Set<string>()
  readonly posts: { id: PostId; by: number }[] = []

  homeOf(viewer: number): PostId[] {
    const shows = ({ by }: { by: number }) =>
      by === viewer || (this.follows.has(`${viewer} ${by}`) && !this.mutes.has(`${viewer} ${by}`))
    return this.posts
      .filter(shows)
      .map(post => post.id)
      .sort()
      .reverse()
  }

  ownOf(viewer: number): Set<PostId> {
    return new Set(this.posts.filter(post => post.by === viewer).map(post => post.id))
  }

  relate(does: string, by: number, to: number): void {
    const pair = `${by} ${to}`
    if (does === 'follow') this.follows.add(pair)
    if (does === 'unfollow') this.follows.delete(pair)
    if (does === 'mute') this.mutes.add(pair)
    if (does === 'unmute') this.mutes.delete(pair)
    if (does === 'unblock') this.blocks.delete(pair)
    if (does !== 'block') return
    this.blocks.add(pair)
    this.follows.delete(pair)
    this.follows.delete(`${to} ${by}`)
  }

  areBlocked(one: number, other: number): boolean {
    return this.blocks.has(`${one} ${other}`) || this.blocks.has(`${other} ${one}`)
  }
}

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

async function take(square: SocialSquare, model: Model, ids: UserId[], step: Step): Promise<void> {
  const by = ids[step.by]!
  if (step.does === 'post') {
    const visibility = step.secret ? 'followers' : 'public'
    const { id } = await square.as(posts, by).create({ text: 'x', visibility })
    model.posts.push({ id, by: step.by })
  } else if (step.does === 'delete') {
    const own = model.posts.filter(post => post.by === step.by)
    const gone = own[step.n % Math.max(own.length, 1)]
    if (gone === undefined) return
    await square.as(posts, by).delete({ id: gone.id })
    model.posts.splice(model.posts.indexOf(gone), 1)
  } else if (step.does === 'read') {
    await assertHome(square, model, ids, step.by, step.limit, step.at)
  } else {
    if (step.by === step.to) return
    if (
      step.does === 'unblock'
        ? !model.blocks.has(`${step.by} ${step.to}`)
        : model.areBlocked(step.by, step.to)
    )
      return
    await square.as(users, by)[step.does]({ id: ids[step.to]! })
    model.relate(step.does, step.by, step.to)
  }
}

/** At once: all own posts, of others none that the relations hide, in order. Soon: exactly what the model shows. */
async function assertHome(
  square: SocialSquare,
  model: Model,
  ids: UserId[],
  viewer: number,
  limit: number,
  instance: number,
): Promise<void> {
  const expected = model.homeOf(viewer)
  const read = () => walk(square, ids[viewer]!, limit, instance)
  const seen = await assertAtOnce(square, model, ids, viewer, limit, instance)
  const end = Date.now() + 5_000
  for (let now = seen; now.join() !== expected.join(); now = (await read()).map(post => post.id)) {
    if (Date.now() > end) assert.deepEqual(now, expected)
  }
}

async function assertAtOnce(
  square: SocialSquare,
  model: Model,
  ids: UserId[],
  viewer: number,
  limit: number,
  instance: number,
): Promise<PostId[]> {
  const expected = model.homeOf(viewer)
  const own = model.ownOf(viewer)
  const first = await walk(square, ids[viewer]!, limit, instance)
  const seen = first.map(post => post.id)
  assert.deepEqual(seen, [...new Set(seen)].sort().reverse(), 'newest first, each once')
  assert.deepEqual(
    seen.filter(id => own.has(id)),
    expected.filter(id => own.has(id)),
    'own posts',
  )
  for (const post of first) {
    const author = ids.indexOf(post.author.id)
    assert.ok(author === viewer || model.follows.has(`${viewer} ${author}`), 'only of whom they follow')
    assert.ok(!model.mutes.has(`${viewer} ${author}`), 'of nobody muted')
  }
  return seen
}

test('whatever people post, delete, follow, mute and block: home is exactly what the model says', async () => {
  // Bounds so small that every way is taken: the database below the inbox, inboxes made again, authors merged at read.
  const small = timelinesWith({ capacity: 4, hotAbove: 1, maxInboxes: 3 })
  await using square = await openSocialSquare([small], { instances: 2 })
  await fc.assert(
    fc.asyncProperty(steps, async list => {
      const model = new Model()
      const ids = Array.from({ length: people }, () => square.addPerson())
      for (const [i, step] of list.entries()) {
        await take(square, model, ids, step)
        await assertAtOnce(square, model, ids, step.by, 4, i % 2)
      }
      for (let viewer = 0; viewer < people; viewer++) {
        for (const instance of square.instances.keys())
          await assertHome(square, model, ids, viewer, 3, instance)
      }
    }),
    { numRuns: 6, endOnFailure: true },
  )
})
