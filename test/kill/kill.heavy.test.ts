import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { type Again, type Round, runKills } from './kill-run.ts'

// `npm run kill` does twenty of them.
test('after kill -9 at any moment everything answered is there, once, and Plaza is ready within 10 s', async context => {
  const seed = randomInt(2 ** 31)
  context.diagnostic(`seed ${seed}`)
  const rounds: Round[] = []
  await runKills({ rounds: 5, seed, longest: 1_000, writers: 8 }, round => rounds.push(round), assertBites)
  assert.equal(rounds.filter(each => each.withServer).length, 2)
  assert.ok(
    rounds.every(each => each.answered > 0),
    'every round had load',
  )
  assert.ok(
    rounds.some(each => each.unanswered > 0),
    'some requests were cut off',
  )
  for (const { round, readyMs, answered } of rounds)
    context.diagnostic(`round ${round}: ${answered} answered, ready after ${Math.round(readyMs)} ms`)
})

/** Controls: what the comparison is there for must make it fail. */
async function assertBites({ client, compare }: Again): Promise<void> {
  await compare()
  const spoil = async (what: RegExp, spoiling: string, undo: string) => {
    await client.query(spoiling)
    await assert.rejects(compare(0), what)
    await client.query(undo)
  }
  await spoil(
    /counts of user_/,
    'update users.post_counts set post_count = post_count + 1',
    'update users.post_counts set post_count = post_count - 1',
  )
  await spoil(
    /follows/,
    `create table public.kept as table users.follows;
     delete from users.follows where id in (select id from users.follows limit 1)`,
    'insert into users.follows table public.kept on conflict do nothing; drop table public.kept',
  )
  await spoil(
    /events of posts/,
    `create table public.kept as select * from posts.events where type = 'posted' limit 1;
     delete from posts.events where id in (select id from public.kept)`,
    'insert into posts.events table public.kept; drop table public.kept',
  )
  await spoil(
    /likes/,
    'update posts.post_counts set likes = likes + 1',
    'update posts.post_counts set likes = likes - 1',
  )
  await client.query(`delete from posts.posts where id in (
    select id from posts.posts p
    where reply_to is null and visibility = 'public' and not exists (select from posts.posts where reply_to = p.id)
    order by id
    limit 1)`)
  // Lists are served from memory for a while: whether they or the tables tell it depends on what was read before.
  await assert.rejects(compare(0), /(posts|home)/)
}
