import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { UserId } from '@plaza/kernel/contract'
import { toUuid } from '@plaza/kernel/data'
import { openSquare, type Square } from './square.ts'

let square: Square
let people: UserId[]
before(async () => {
  square = await openSquare()
  people = Array.from({ length: 8 }, () => square.addAccount())
  for (const id of people) await square.as(undefined).get({ id })
  const [ana, ...others] = people as [UserId, ...UserId[]]
  for (const id of others) {
    await square.as(id).follow({ id: ana })
    await square.tellPosted(id, 3)
  }
  await square.as(ana).follow({ id: others[0]! })
  await square.as(ana).block({ id: others[1]! })
  await square.as(ana).mute({ id: others[2]! })
  await square.tellCommented(ana)
  await square.tellHidden(others[0]!)
  await square.tellDeleted(others[1]!, 2)
  await square.until(async () => (await square.verify('post-counts')).breaches.length === 0)
})
after(() => square.close())

/** Breaks a promise by hand, sees exactly that found, and mends it. */
async function sees(check: string, id: string, detail: string, breakIt: string, mendIt: string) {
  const sql = (text: string) =>
    square.owner.query(text.replaceAll(/user_[0-9a-z]{26}/g, id => `'${toUuid(id)}'`).replaceAll('"', "'"))
  assert.deepEqual((await square.verify(check)).breaches, [])
  await sql(breakIt)
  assert.deepEqual((await square.verify(check)).breaches, [{ id, detail }])
  await sql(mendIt)
  assert.deepEqual((await square.verify(check)).breaches, [])
}

test('what is as promised has no breach, and all of it is looked at', async () => {
  const checked = { counts: 8, follows: 14, 'post-counts': 8, accounts: 8, profiles: 8 }
  for (const [check, count] of Object.entries(checked))
    assert.deepEqual(await square.verify(check), { checked: count, breaches: [] }, check)
  assert.equal((await square.as(undefined).get({ id: people[0]! })).postCount, 0, 'comments are not counted')
  assert.equal((await square.as(undefined).get({ id: people[1]! })).postCount, 2, 'nor what is hidden')
})

for (const [column, detail] of [
  ['follower_count', 'says 7 followers, 1 followed, 1 blocked, 1 muted'],
  ['following_count', 'says 6 followers, 2 followed, 1 blocked, 1 muted'],
  ['blocking_count', 'says 6 followers, 1 followed, 2 blocked, 1 muted'],
  ['muting_count', 'says 6 followers, 1 followed, 1 blocked, 2 muted'],
]) {
  test(`a ${column} that is not that of the rows is found`, async () => {
    const [ana] = people
    const set = (by: string) => `update users.people set ${column} = ${column} ${by} where id = ${ana}`
    const has = 'has 6 followers, 1 followed, 1 blocked, 1 muted'
    await sees('counts', ana!, `${detail}, ${has}`, set('+ 1'), set('- 1'))
  })
}

test('a follow that only one of the two has is found, on either side', async () => {
  const [ana, bo] = people
  const id = `${bo} ${ana}`
  const key = `where follower_id = ${bo} and followee_id = ${ana}`
  const copy = (into: string, from: string) =>
    `insert into users.${into} (follower_id, followee_id, id) select follower_id, followee_id, id from users.${from} ${key}`
  await sees(
    'follows',
    id,
    'stands in follows alone',
    `delete from users.followers ${key}`,
    copy('followers', 'follows'),
  )
  await sees(
    'follows',
    id,
    'stands in followers alone',
    `delete from users.follows ${key}`,
    copy('follows', 'followers'),
  )
})

test('a number of posts that is not theirs is found, also of somebody who is nobody', async () => {
  const [, , , cy] = people
  const set = (by: string) =>
    `update users.post_counts set post_count = post_count ${by} where user_id = ${cy}`
  await sees('post-counts', cy!, 'says 4 posts, has 3', set('+ 1'), set('- 1'))
  const nobody = square.nobody()
  await sees(
    'post-counts',
    nobody,
    'says -1 posts, has 0',
    `insert into users.post_counts values (${nobody}, -1)`,
    `delete from users.post_counts where user_id = ${nobody}`,
  )
})

test('an account without a profile, and a profile without an account, are found', async () => {
  const late = square.addAccount()
  assert.deepEqual((await square.verify('accounts')).breaches, [{ id: late, detail: 'has no profile' }])
  await square.as(undefined).get({ id: late })
  assert.deepEqual((await square.verify('accounts')).breaches, [])
  const nobody = square.nobody()
  await sees(
    'profiles',
    nobody,
    'has no account',
    `insert into users.profiles (id, username, display_name, created_at) values (${nobody}, "nobody", "Nobody", now())`,
    `delete from users.profiles where id = ${nobody}`,
  )
})
