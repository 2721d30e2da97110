import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { UserId } from '@plaza/kernel/contract'
import { asking } from '@plaza/testing'
import { openSquare, type Square } from './square.ts'

let square: Square
let mona: UserId
before(async () => {
  square = await openSquare()
  mona = square.person('mona', 'moderator')
})
after(() => square.close())

const hiddenPost = async () => {
  const post = square.posts.add(square.person('ana'), 'x')
  await square.resolve(await square.report(post, square.person('ben')), 'hide', mona)
  return post
}
const verify = (check: string) => square.kernel.$verify({ check }, asking())

test('the promises are told', async () => {
  const told = await square.kernel.$checks({}, asking())
  assert.deepEqual(
    told.map(each => each.name).filter(name => !name.startsWith('$')),
    ['reports', 'decisions'],
  )
})

test('a post that was taken away and is shown is found', async () => {
  const [post, deleted] = [await hiddenPost(), await hiddenPost()]
  square.posts.delete(deleted)
  assert.deepEqual(await verify('reports'), { checked: 2, breaches: [], next: null })
  square.posts.show(post)
  assert.deepEqual((await verify('reports')).breaches, [{ id: post, detail: 'was taken away, and is shown' }])
  square.posts.hide(post)
  assert.deepEqual((await verify('reports')).breaches, [])
})

test('a decision that nobody carries out, or that the trail does not know, is found', async () => {
  await hiddenPost()
  assert.deepEqual((await verify('decisions')).breaches, [])
  const [late, lost] = ['00000192', '00000193'].map(start => `${start}-0000-7000-8000-000000000000`)
  await square.owner.query(
    `insert into moderation.decisions (id, post_id, author_id, action, decided_at, carried_out_at)
     values ($1, $1, $1, 'hide', now() - interval '6 minutes', null), ($2, $2, $2, 'dismiss', now(), now())`,
    [late, lost],
  )
  await square.owner.query(
    `insert into moderation.audit (id, at, action, target, detail) values ($1, now(), 'post.hidden', 'x', '{}')`,
    [late],
  )
  const { breaches } = await verify('decisions')
  assert.deepEqual(breaches, [
    { id: late, detail: 'was not carried out for five minutes' },
    { id: lost, detail: 'does not stand in the audit trail' },
  ])
  assert.deepEqual((await verify('reports')).breaches, [], 'what is still to be done is no breach')
})

test('many decisions are looked at part by part', async () => {
  await square.owner.query(
    `insert into moderation.decisions (id, post_id, author_id, action, carried_out_at)
     select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'hide', now() from generate_series(1, 700)`,
  )
  const first = await verify('reports')
  assert.equal(first.checked, 500)
  const rest = await square.kernel.$verify({ check: 'reports', after: first.next! }, asking())
  assert.ok(rest.checked > 200 && rest.next === null)
})
