import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PostId, UserId } from '@plaza/kernel/contract'
import { Audience } from './audience.ts'
import { Inbox } from './inbox.ts'
import { mergedIds } from './merged-ids.ts'

const post = (n: number): PostId => `post_${String(n).padStart(26, '0')}`
const person = (n: number): UserId => `user_${String(n).padStart(26, '0')}`

function inboxOf(audience: Audience, ...authors: number[]): Inbox {
  const inbox = new Inbox(200, 1, 0)
  audience.add(inbox, [person(1_000 + owners++), ...authors.map(person)])
  inbox.recent.load([], true)
  return inbox
}
let owners = 0

async function readAll(audience: Audience, inbox: Inbox): Promise<readonly PostId[]> {
  const source = mergedIds(audience.listsOf(inbox), async () => {
    throw new Error('it went to the database for what is in memory')
  })
  return source.older(undefined, 100)
}

test('a post goes to the inboxes of those who follow its author, and to no other', async () => {
  const audience = new Audience()
  const [one, other] = [inboxOf(audience, 1, 2), inboxOf(audience, 2)]
  await audience.deliver(person(1), post(1), 1)
  await audience.deliver(person(2), post(2), 1)
  await audience.deliver(person(3), post(3), 1)
  assert.deepEqual(await readAll(audience, one), [post(2), post(1)])
  assert.deepEqual(await readAll(audience, other), [post(2)])
})

test('an inbox that was taken out gets nothing any more', async () => {
  const audience = new Audience()
  const inbox = inboxOf(audience, 1)
  audience.remove(inbox)
  await audience.deliver(person(1), post(1), 1)
  assert.deepEqual(await readAll(audience, inbox), [])
})

test('who gets more followers than are told each is merged at read, without a hole and nothing twice', async () => {
  const audience = new Audience(2)
  const early = [inboxOf(audience, 1, 2), inboxOf(audience, 1, 2)]
  await audience.deliver(person(1), post(1), 1)
  const third = inboxOf(audience, 1)
  third.recent.load([post(1)], true)
  await audience.deliver(person(2), post(2), 1)
  await audience.deliver(person(1), post(3), 1)
  // Came late: it stands in the ring below what the inboxes have.
  await audience.deliver(person(1), post(0), 1)
  for (const inbox of early)
    assert.deepEqual(await readAll(audience, inbox), [post(3), post(2), post(1), post(0)])
  assert.deepEqual(await readAll(audience, third), [post(3), post(1), post(0)])
  const late = inboxOf(audience, 1)
  late.recent.load([post(3), post(1), post(0)], true)
  assert.deepEqual(await readAll(audience, late), [post(3), post(1), post(0)])
})

test("one's own is in one's own inbox, however many others follow, and not again once it is known to have it", async () => {
  const audience = new Audience(1)
  const own = new Inbox(200, 1, 0)
  audience.add(own, [person(1), person(2)])
  own.recent.load([], true)
  const others = [inboxOf(audience, 1), inboxOf(audience, 1)]
  await audience.deliver(person(1), post(1), 1)
  own.ownVersion = 3
  await audience.deliver(person(1), post(2), 2)
  await audience.deliver(person(1), post(4), 4)
  assert.deepEqual(own.recent.below(undefined, 9), [post(4), post(1)])
  assert.deepEqual(await readAll(audience, own), [post(4), post(1)])
  for (const inbox of others) assert.deepEqual(await readAll(audience, inbox), [post(4), post(2), post(1)])
})

test('what is taken back is gone from every list, also where it came before its author was merged at read', async () => {
  const audience = new Audience(1)
  const first = inboxOf(audience, 1)
  await audience.deliver(person(1), post(1), 1)
  const second = inboxOf(audience, 1)
  await audience.deliver(person(1), post(2), 2)
  for (const each of [post(1), post(2), post(3)]) await audience.withdraw(person(1), each)
  assert.deepEqual(await readAll(audience, first), [])
  assert.deepEqual(await readAll(audience, second), [])
})

test('a fan-out to many lets others have their turn', async () => {
  const audience = new Audience(100_000)
  const inboxes = Array.from({ length: 5_000 }, () => inboxOf(audience, 1))
  let turns = 0
  const tick = () => {
    turns++
    immediate = setImmediate(tick)
  }
  let immediate = setImmediate(tick)
  await audience.deliver(person(1), post(1), 1)
  clearImmediate(immediate)
  assert.ok(turns >= 2)
  for (const inbox of inboxes) assert.equal(inbox.recent.size, 1)
})

test('below what all lists hold, a timeline goes on in the database', async () => {
  const audience = new Audience()
  const inbox = new Inbox(200, 1, 0)
  audience.add(inbox, [person(9), person(1)])
  inbox.recent.load([post(9), post(8), post(7)], false)
  const asked: unknown[] = []
  const source = mergedIds(audience.listsOf(inbox), async span => {
    asked.push(span)
    return [post(6), post(5)]
  })
  assert.deepEqual(await source.older(undefined, 2), [post(9), post(8)])
  assert.deepEqual(await source.older(post(9), 4), [post(8), post(7), post(6), post(5)])
  assert.deepEqual(await source.older(post(3), 2), [post(6), post(5)])
  assert.deepEqual(await source.newer(post(8), 2), [post(9)])
  await source.newer(post(2), 2)
  assert.deepEqual(asked, [
    { before: post(7), limit: 2 },
    { before: post(3), limit: 2 },
    { after: post(2), limit: 2 },
  ])
})
