import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { allStatements, lastUuid } from '@plaza/kernel/data'
import { type ScratchDatabase, scratchDatabase } from '@plaza/kernel/scratch-database'
import { planOf } from '@plaza/testing'
import type { Client } from 'pg'
import '../src/for-search.ts'
import '../src/checks.ts'
import '../src/list-store.ts'
import '../src/personal-store.ts'
import '../src/profile-store.ts'
import '../src/relation-reads.ts'
import '../src/relation-store.ts'

let scratch: ScratchDatabase
let owner: Client
before(async () => {
  scratch = await scratchDatabase()
  await scratch.open({ name: 'users', migrations: new URL('../migrations/', import.meta.url) })
  owner = await scratch.connect()
  await owner.query(square)
})
after(() => scratch[Symbol.asyncDispose]())

// 20,000 people; everybody follows the first and 9 more; the first has blocked and was blocked by hundreds.
const square = `
  set search_path = users;
  create function id_of(n int) returns uuid immutable language sql as $$ select lpad(to_hex(n * 977), 32, '0')::uuid $$;
  insert into people (id, suspended) select id_of(n), n % 1000 = 0 from generate_series(1, 20000) n;
  insert into profiles (id, username, display_name, created_at)
    select id_of(n), 'person_' || n, 'Somebody', now() from generate_series(1, 20000) n;
  insert into post_counts select id_of(n), n % 30 from generate_series(1, 20000) n;
  insert into follows (follower_id, followee_id, id)
    select distinct on (n, m) id_of(n), id_of(case k when 0 then 1 else m end), gen_random_uuid()
    from generate_series(2, 20000) n, generate_series(0, 9) k, lateral (select (n * 31 + k * 7919) % 20000 + 1 as m) o
    where m <> n and m <> 1 or k = 0;
  insert into followers (followee_id, follower_id, id) select followee_id, follower_id, id from follows;
  insert into blocks select id_of(1), id_of(n) from generate_series(2, 400) n;
  insert into blocks select id_of(n), id_of(1) from generate_series(300, 700) n;
  insert into blocks select id_of(n), id_of(n + 1) from generate_series(1000, 10000) n;
  insert into mutes select id_of(n), id_of(n + 2) from generate_series(1, 10000) n;
  analyze;
  reset search_path`

const id = '00000000-0000-0000-0000-0000000003d1'
const statement = (name: string) => allStatements().find(each => each.name === name)!
const pages = { of: id, viewer: id, from: lastUuid, limit: 21 }
const zero = '00000000-0000-0000-0000-000000000000'

type Params = Parameters<typeof planOf>[3]
const lists: readonly [string, string, Params][] = [
  ['users.followers-older', 'Index Scan followers_newest', pages],
  ['users.followers-newer', 'Index Scan followers_newest', { ...pages, from: zero }],
  ['users.following-older', 'Index Scan follows_newest', pages],
  ['users.following-newer', 'Index Scan follows_newest', { ...pages, from: zero }],
]
for (const [name, index, params] of lists) {
  test(`${name} reads its page from the index, without sorting`, async () => {
    const plans = await planOf(owner, 'users', statement(name), params)
    for (const plan of [plans.custom, plans.generic]) {
      assert.deepEqual(plan.slice(0, 2), ['Limit', index], plan.join(' < '))
      assert.ok(!plan.some(node => /^(Sort|Seq Scan|Hash)/.test(node)), plan.join(' < '))
    }
  })
}

const keyed: readonly [string, Params][] = [
  ['users.profiles-by-ids', { ids: [id] }],
  ['users.cards-by-ids', { ids: [id] }],
  ['users.facts-by-ids', { ids: [id] }],
  ['users.facts-after', { after: zero, limit: 200 }],
  ['users.ids-by-username', { usernames: ['person_1'] }],
  ['users.versions-by-ids', { ids: [id] }],
  ['users.relations-by-ids', { ids: [id] }],
  ['users.wrong-counts', { after: zero, limit: 200 }],
  ['users.lost-followers', { of: zero, to: zero }],
  ['users.lost-follows', { of: zero, to: zero }],
  ['users.relations-between', { viewers: [id], others: [id] }],
  ['users.lock-people', { ids: [id] }],
  ['users.edges-between', { froms: [id], tos: [id] }],
  ['users.delete-follows', { froms: [id], tos: [id] }],
  ['users.delete-blocks', { froms: [id], tos: [id] }],
  ['users.relations-of', { id, limit: 500 }],
  ['users.own-follows', { of: id, after: zero, limit: 500 }],
  ['users.own-followers', { of: id, after: zero, limit: 500 }],
  ['users.own-blocks', { of: id, after: zero, limit: 500 }],
  ['users.own-mutes', { of: id, after: zero, limit: 500 }],
  ['users.delete-mutes', { froms: [id], tos: [id] }],
]
for (const [name, params] of keyed) {
  test(`${name} finds its rows by key`, async () => {
    const plans = await planOf(owner, 'users', statement(name), params)
    for (const plan of [plans.custom, plans.generic])
      assert.ok(!plan.some(node => node.startsWith('Seq Scan')), plan.join(' < '))
  })
}

test('the check bites: a statement without an index is seen to scan', async () => {
  const text = 'select id from people where follower_count > $1::int4'
  const { custom } = await planOf(owner, 'users', { text, params: { least: 'int4' } }, { least: 1 })
  assert.deepEqual(custom, ['Seq Scan people'])
})
