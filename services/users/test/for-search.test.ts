import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openSquare, type Square } from './square.ts'

let square: Square
before(async () => {
  square = await openSquare()
})
after(() => square.close())

test('people are read by id and page by page, with what they are found by; of nobody nothing is made up', async () => {
  const ids = [square.addAccount({ displayName: 'Ana' }), square.addAccount(), square.addAccount()].sort()
  for (const id of ids) await square.as(id).me({})
  const [ana] = ids
  await square.as(ana).editMe({ bio: 'bakes' })
  await square.as(ids[1]).follow({ id: ana! })
  const facts = await square.service.byIds({ ids: [...ids, square.nobody()] })
  assert.deepEqual(facts.map(each => each.id).sort(), ids)
  const own = facts.find(each => each.id === ana)!
  assert.deepEqual([own.bio, own.followerCount, own.version], ['bakes', 1, 2])
  const first = await square.service.pageAll({ limit: 2 })
  const rest = await square.service.pageAll({ limit: 2, after: first[1]!.id })
  assert.deepEqual(
    [...first, ...rest].map(each => each.id),
    ids,
  )
  assert.deepEqual(await square.service.pageAll({ limit: 2, after: ids[2]! }), [])
})

test('profiles are shown as the one who asks sees them: not of who blocked them, nor of the suspended', async () => {
  const [viewer, open] = [square.addAccount(), square.addAccount()]
  const [closed, suspended] = [square.addAccount(), square.addAccount()]
  await square.as(viewer).follow({ id: open })
  await square.as(closed).block({ id: viewer })
  await square.as(suspended).me({})
  await square.tellSuspended(suspended, true)
  const ids = [suspended, open, closed, viewer]
  const { seenProfiles } = square.serviceFor(viewer)
  await square.until(async () => (await seenProfiles({ ids })).length === 2)
  const seen = await seenProfiles({ ids })
  assert.deepEqual(
    seen.map(each => [each.id, each.following]),
    [
      [open, true],
      [viewer, false],
    ],
  )
})
