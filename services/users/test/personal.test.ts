import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { UserId } from '@plaza/kernel/contract'
import { toUuid } from '@plaza/kernel/data'
import { openSquare, type Square } from './square.ts'

let square: Square
before(async () => {
  square = await openSquare()
})
after(() => square.close())

const people = (count: number): UserId[] => Array.from({ length: count }, () => square.addAccount())

async function exportAll(person: UserId) {
  const records: { kind: string; data: unknown }[] = []
  let after: string | undefined
  do {
    const part = await square.export(person, after)
    records.push(...part.records)
    after = part.next ?? undefined
  } while (after !== undefined)
  return records
}

async function eraseAll(person: UserId): Promise<Record<string, number>> {
  const sums: Record<string, number> = {}
  for (;;) {
    const { done, erased } = await square.erase(person)
    for (const [kind, count] of Object.entries(erased)) sums[kind] = (sums[kind] ?? 0) + count
    if (done) return sums
  }
}

/** Rows of any table that name the person. */
async function rowsOf(person: UserId): Promise<number> {
  const { rows } = await square.owner.query<{ count: number }>(
    `select sum(found)::int as count from (
       select count(*) as found from users.people where id = $1
       union all select count(*) from users.profiles where id = $1
       union all select count(*) from users.post_counts where user_id = $1
       union all select count(*) from users.follows where $1 in (follower_id, followee_id)
       union all select count(*) from users.followers where $1 in (follower_id, followee_id)
       union all select count(*) from users.blocks where $1 in (blocker_id, blocked_id)
       union all select count(*) from users.mutes where $1 in (muter_id, muted_id)) each`,
    [toUuid(person)],
  )
  return rows[0]!.count
}

test('the export has the profile and every own list, and nothing of who blocked or muted the person', async () => {
  const [ana, ben, cleo] = people(3) as [UserId, UserId, UserId]
  await square.as(ana).editMe({ bio: 'I sell bread' })
  await square.as(ana).follow({ id: ben })
  await square.as(cleo).follow({ id: ana })
  await square.as(ana).mute({ id: cleo })
  await square.as(ben).mute({ id: ana })
  const records = await exportAll(ana)
  assert.deepEqual(
    records.map(each => each.kind),
    ['profile', 'follow', 'follower', 'mute'],
  )
  assert.equal((records[0]!.data as { bio: string }).bio, 'I sell bread')
  assert.ok(Date.now() - Date.parse((records[1]!.data as { since: string }).since) < 60_000)
  await square.as(ana).block({ id: ben })
  assert.ok((await exportAll(ana)).some(each => each.kind === 'block'))
  assert.ok(!(await exportAll(ben)).some(each => each.kind === 'block'))
})

test('more relations than one part has come in parts, each once', async () => {
  const ana = square.addAccount()
  await square.as(ana).me({})
  await square.owner.query(
    `insert into users.followers (followee_id, follower_id, id)
     select $1, gen_random_uuid(), gen_random_uuid() from generate_series(1, 1200)`,
    [toUuid(ana)],
  )
  const records = await exportAll(ana)
  const followers = records.filter(each => each.kind === 'follower').map(each => JSON.stringify(each.data))
  assert.equal(new Set(followers).size, 1_200)
  assert.equal(followers.length, 1_200)
})

test('erasing ends all relations in both directions: the others count right, their versions rise, and the log tells', async () => {
  const [ana, ben, cleo] = people(3) as [UserId, UserId, UserId]
  await square.as(ana).follow({ id: ben })
  await square.as(cleo).follow({ id: ana })
  await square.as(cleo).mute({ id: ana })
  await square.as(ana).mute({ id: ben })
  const dora = square.addAccount()
  await square.as(ana).block({ id: dora })
  const before = await square.service.relationVersions({ ids: [ben, cleo, dora] })
  square.removeAccount(ana)
  assert.deepEqual(await eraseAll(ana), { follow: 2, mute: 2, block: 1, profile: 1 })
  assert.equal(await rowsOf(ana), 0)
  assert.equal((await square.as(ben).me({})).followerCount, 0)
  assert.equal((await square.as(cleo).me({})).followingCount, 0)
  const versions = await square.service.relationVersions({ ids: [ben, cleo, dora] })
  for (const { id, version } of before)
    assert.ok(versions.find(each => each.id === id)!.version > version, 'caches of relations load again')
  assert.equal((await square.events('unfollowed', ana)).length, 1)
  assert.equal((await square.events('unfollowed', cleo)).length, 1)
  assert.equal((await square.events(undefined, ana)).at(-1)!.type, 'profileChanged')
  assert.deepEqual(await exportAll(ana), [])
  assert.deepEqual(await eraseAll(ana), {})
})

test('a thousand followers are erased in steps of 500, while others follow and unfollow', async () => {
  const [ana, ben] = people(2) as [UserId, UserId]
  const fans = people(60)
  await square.as(ana).me({})
  await Promise.all(fans.map(id => square.as(id).follow({ id: ana })))
  await square.owner.query(
    `with fan as (insert into users.people (id, following_count) select gen_random_uuid(), 1 from generate_series(1, 1000) returning id),
       follow as (insert into users.follows (follower_id, followee_id, id) select id, $1, gen_random_uuid() from fan returning *)
     insert into users.followers (followee_id, follower_id, id) select followee_id, follower_id, id from follow`,
    [toUuid(ana)],
  )
  await square.owner.query('update users.people set follower_count = follower_count + 1000 where id = $1', [
    toUuid(ana),
  ])
  const others = fans.map(async id => {
    await square.as(id).unfollow({ id: ana })
    await square.as(id).follow({ id: ben })
  })
  square.removeAccount(ana)
  const [sums] = await Promise.all([eraseAll(ana), ...others])
  assert.ok(sums.follow! >= 1_000 && sums.follow! <= 1_060)
  assert.equal(await rowsOf(ana), 0)
  assert.equal((await square.as(undefined).get({ id: ben })).followerCount, 60)
  const { rows } = await square.owner.query(
    `select count(*)::int as wrong from users.people p
     where following_count <> (select count(*) from users.follows where follower_id = p.id)`,
  )
  assert.equal(rows[0].wrong, 0)
})

test('who is erased is not made again: not by looking, not by news that come late', async () => {
  const ana = square.addAccount()
  const ben = square.addAccount()
  await square.as(ana).me({})
  square.removeAccount(ana)
  await eraseAll(ana)
  const missing = (error: { code: string }) => error.code === 'user-not-found'
  await assert.rejects(square.as(ben).get({ id: ana }), missing)
  await assert.rejects(square.as(ben).follow({ id: ana }), missing)
  assert.deepEqual(await square.service.cards({ ids: [ana] }), [])
  await square.tellErasing(ana)
  await square.until(async () => (await rowsOf(ana)) === 1)
  await square.tellErased(ana)
  await square.until(async () => (await rowsOf(ana)) === 0)
})
