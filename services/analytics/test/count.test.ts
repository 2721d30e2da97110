import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dayOf } from '../src/day.ts'
import { openSquare, somebody } from './square.ts'

const today = () => dayOf(new Date())

test('what happens is counted by kind, and each person who did something once', async () => {
  await using square = await openSquare()
  const [ana, bo, cy] = [somebody(), somebody(), somebody()]
  await square.register(ana)
  await square.post(ana, 3)
  await square.comment(ana)
  await square.like(bo)
  await square.repost(bo)
  await square.follow(cy, ana)
  await square.untilCounted(today(), {
    registrations: 1,
    activePeople: 3,
    posts: 3,
    comments: 1,
    likes: 1,
    reposts: 1,
    follows: 1,
  })
})

test('what is taken back happened all the same', async () => {
  await using square = await openSquare()
  const bo = somebody()
  await square.like(bo)
  await square.unlike(bo)
  await square.like(bo)
  await square.untilCounted(today(), { likes: 2, activePeople: 1 })
})

test('an event counts on its own day, in UTC, however late it is heard', async () => {
  await using square = await openSquare()
  const month = today().slice(0, 8)
  await square.registerAt(`${month}02T23:59:59.999Z`)
  await square.registerAt(`${month}03T00:00:00.000Z`)
  await square.registerAt(`${month}03T23:30:00.000-01:00`)
  for (const day of ['02', '03', '04'])
    await square.untilCounted(month + day, { registrations: 1, activePeople: 1 })
})

test('three instances that fail and try again count each event once', async () => {
  await using square = await openSquare({ instances: 3, quiet: true })
  // Every third transaction fails after it has counted: its events come again.
  await square.owner.query(`
    create sequence analytics.tries;
    grant usage on sequence analytics.tries to public;
    create function analytics.fail_now_and_then() returns trigger language plpgsql as $$
    begin
      if nextval('analytics.tries') % 3 = 0 then
        raise exception 'a serialization failure of the test' using errcode = '40001';
      end if;
      return null;
    end $$;
    create trigger fail_now_and_then after insert or update on analytics.days
      for each statement execute function analytics.fail_now_and_then()`)
  const people = Array.from({ length: 20 }, somebody)
  await Promise.all(people.map(each => square.post(each, 10)))
  await Promise.all(people.map(square.like))
  await Promise.all(people.map(each => square.follow(each, people[0]!)))
  await square.untilCounted(today(), { posts: 200, likes: 20, follows: 20, activePeople: 20 })
  const { rows } = await square.owner.query('select from analytics.dead_letters')
  assert.equal(rows.length, 0)
})
