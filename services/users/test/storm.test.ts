import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { UserId } from '@plaza/kernel/contract'
import { openSquare, type Square } from './square.ts'

let square: Square
before(async () => {
  square = await openSquare({ instances: 2, quiet: true })
})
after(() => square.close())

const kinds = ['follow', 'unfollow', 'follow', 'follow', 'block', 'unblock', 'mute', 'unmute'] as const
const honest = new Set(['unavailable', 'unknown-outcome'])
const refused = new Set(['user-not-found', 'blocked-by-you'])

test('a storm of changes over two instances, in every order: nobody waits for ever, and counts are the rows', async () => {
  const people = Array.from({ length: 12 }, () => square.addAccount())
  const pick = <T>(from: readonly T[]): T => from[Math.floor(Math.random() * from.length)]!
  const changes = Array.from({ length: 3_000 }, async (_, i) => {
    const actor = pick(people)
    const id = pick(people.filter(other => other !== actor))
    await square
      .as(actor, i % 2)
      [pick(kinds)]({ id })
      .catch((error: { code: string }) => assert.ok(refused.has(error.code), error.code))
  })
  await Promise.all(changes)
  assert.deepEqual(await drift(), [])
  assert.deepEqual(await followsAcrossBlocks(), [])
  await assertEventsAreTheRows(people)
  const { rows } = await square.owner.query(
    'select deadlocks::int from pg_stat_database where datname = current_database()',
  )
  assert.deepEqual(rows, [{ deadlocks: 0 }])
})

test('connections that are cut in the middle lose no change that was answered, and make none twice', async () => {
  const people = Array.from({ length: 40 }, () => square.addAccount())
  const answered: [UserId, UserId][] = []
  let busy = true
  const cutting = (async () => {
    for (let cuts = 0; busy && cuts < 30; cuts++) {
      await square.owner.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and application_name = 'plaza users'
         order by random() limit 2`,
      )
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  })()
  const follows = people.flatMap((actor, i) =>
    people
      .filter(id => id !== actor)
      .map(async id => {
        await new Promise(resolve => setTimeout(resolve, Math.random() * 800))
        await square
          .as(actor, i % 2)
          .follow({ id })
          .then(
            () => answered.push([actor, id]),
            (error: { code: string }) => assert.ok(honest.has(error.code), error.code),
          )
      }),
  )
  await Promise.all(follows).finally(() => {
    busy = false
  })
  await cutting
  const relations = new Map(
    await Promise.all(
      people.map(async id => [id, (await square.service.relations({ id })).following] as const),
    ),
  )
  for (const [actor, id] of answered) assert.ok(relations.get(actor)!.includes(id))
  assert.ok(answered.length > 0)
  assert.deepEqual(await drift(), [])
  await assertEventsAreTheRows(people)
})

test('a thousand people follow one at the same moment: all of them do, and it takes a few transactions', async () => {
  const star = square.addAccount()
  const fans = Array.from({ length: 1_000 }, () => square.addAccount())
  await Promise.all(fans.map((fan, i) => square.as(fan, i % 2).follow({ id: star })))
  assert.equal((await square.as(undefined).get({ id: star })).followerCount, 1_000)
  assert.deepEqual(await drift(), [])
  const transactions = await square.owner.query(
    `select count(distinct xid::text) from users.events where type = 'followed' and data ->> 'followeeId' = $1`,
    [star],
  )
  assert.ok(Number(transactions.rows[0].count) < 100, `${transactions.rows[0].count} transactions`)
})

test('the check of the counts bites: a count that is off is found', async () => {
  const id = square.addAccount()
  await square.as(undefined).get({ id })
  await square.owner.query(
    `update users.people set follower_count = 1 where id = (select max(id::text)::uuid from users.people)`,
  )
  assert.equal((await drift()).length, 1)
})

/** People whose counts are not their rows, or whose follows are not there for both. */
async function drift(): Promise<unknown[]> {
  const { rows } = await square.owner.query(`
    select id
    from users.people
    where follower_count <> (select count(*) from users.followers where followee_id = people.id)
      or following_count <> (select count(*) from users.follows where follower_id = people.id)
      or blocking_count <> (select count(*) from users.blocks where blocker_id = people.id)
      or muting_count <> (select count(*) from users.mutes where muter_id = people.id)
    union all
    (
      select coalesce(follows.follower_id, followers.follower_id)
      from users.follows
      full join users.followers using (follower_id, followee_id, id)
      where follows.id is null or followers.id is null
    )`)
  return rows
}

async function followsAcrossBlocks(): Promise<unknown[]> {
  const { rows } = await square.owner.query(`
    select *
    from users.follows
    join users.blocks
      on (blocker_id, blocked_id) in ((follower_id, followee_id), (followee_id, follower_id))`)
  return rows
}

/** Whoever heard all follow events in order would know exactly who follows whom. */
async function assertEventsAreTheRows(people: readonly UserId[]): Promise<void> {
  for (const person of people) {
    const heard = new Set<UserId>()
    for (const { type, data } of await square.events(undefined, person)) {
      if (type === 'followed') {
        assert.ok(!heard.has(data.followeeId!), 'followed twice')
        heard.add(data.followeeId!)
      }
      if (type === 'unfollowed') assert.ok(heard.delete(data.followeeId!), 'unfollowed without a follow')
    }
    const { following } = await square.service.relations({ id: person })
    assert.deepEqual([...heard].sort(), following.toSorted())
  }
}
