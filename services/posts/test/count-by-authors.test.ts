import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { asClient, openSquare, type Square } from './square.ts'

let square: Square
before(async () => {
  square = await openSquare()
})
after(() => square.close())

test('posts are counted as they stand in lists: without comments, and what is hidden or deleted', async () => {
  const [ana, ben, cy] = [square.users.add('ana'), square.users.add('ben'), square.users.add('cy')]
  const all = []
  for (let i = 0; i < 4; i++) all.push(await square.create(ana, `post ${i}`))
  await square.create(ben, 'an answer', { replyTo: all[0]!.id })
  await square.create(ben, 'for followers', { visibility: 'followers' })
  await square.delete(all[0]!.id, ana)
  await square.delete(all[1]!.id, ana)
  const { service } = square
  await service.hide({ id: all[2]!.id }, asClient())
  const counts = await service.countByAuthors({ ids: [ana, ben, cy] }, asClient())
  assert.deepEqual(
    new Map(counts.map(each => [each.id, each.count])),
    new Map([
      [ana, 1],
      [ben, 1],
    ]),
  )
})
