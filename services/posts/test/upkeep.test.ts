import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeCall } from '@plaza/kernel/call'
import { toUuid } from '@plaza/kernel/data'
import { bootServices } from '@plaza/testing'
import { posts } from '../src/contract.ts'
import { postsService } from '../src/service.ts'
import { fakeAuth, fakeUsers } from './neighbours.ts'
import { asClient } from './square.ts'

test('each hour what was deleted more than a day ago is forgotten, however much it is, and the next hour is ordered', async () => {
  const users = fakeUsers()
  await using plaza = await bootServices([fakeAuth().service, users.service, postsService])
  const owner = await plaza.scratch.connect()
  await owner.query(
    `create function pg_temp.place(n int) returns uuid language sql as $$ select lpad(n::text, 32, '0')::uuid $$`,
  )
  const edge = makeCall(plaza.host.dispatcher)(posts)
  const ana = asClient(users.add('ana'))
  const [lately, longAgo] = [
    await edge.create({ text: 'lately' }, ana),
    await edge.create({ text: 'long ago' }, ana),
  ]
  for (const { id } of [lately, longAgo]) await edge.delete({ id }, ana)
  await owner.query(`update posts.deleted_posts set at = now() - interval '25 hours' where id = $1`, [
    toUuid(longAgo.id),
  ])
  // More than two steps.
  await owner.query(
    `insert into posts.deleted_posts
     select gen_random_uuid(), gen_random_uuid(), now() - interval '30 days' from generate_series(1, 4500)`,
  )
  // What a crash leaves: places of deleted posts with no answers below them, one below the other.
  await owner.query(
    `insert into posts.posts (id, author_id, text, visibility, reply_to, root_id, answered_id)
     select pg_temp.place(n), pg_temp.place(0), '', 'gone', case when n > 1 then pg_temp.place(n - 1) end,
       case when n > 1 then pg_temp.place(1) end, case when n > 1 then pg_temp.place(0) end
     from generate_series(1, 5) n`,
  )
  const ordered = async () =>
    (await owner.query<{ key: string }>(`select key from posts.jobs where kind = 'upkeep'`)).rows.map(
      row => row.key,
    )
  const first = await ordered()
  assert.equal(first.length, 1)
  await owner.query('update posts.jobs set due_at = now()')
  await using beside = await bootServices([fakeAuth().service, fakeUsers().service, postsService], {
    beside: plaza,
  })
  assert.ok(beside, 'an instance that starts looks for work, and orders the same hour once')
  while ((await owner.query(`select from posts.finished_jobs where kind = 'upkeep'`)).rowCount === 0)
    await new Promise(setImmediate)

  assert.equal((await owner.query('select from posts.deleted_posts')).rowCount, 1)
  assert.equal((await owner.query(`select from posts.posts where visibility = 'gone'`)).rowCount, 0)
  assert.equal(await edge.delete({ id: lately.id }, ana), null, 'an answer that was lost can be had again')
  await assert.rejects(edge.delete({ id: longAgo.id }, ana), { code: 'post-not-found' })
  const next = await ordered()
  assert.equal(next.length, 1)
  assert.equal(Date.parse(next[0]!) - Date.parse(first[0]!), 3_600_000)
})
