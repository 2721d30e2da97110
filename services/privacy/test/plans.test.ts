import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { allStatements } from '@plaza/kernel/data'
import { type ScratchDatabase, scratchDatabase } from '@plaza/kernel/scratch-database'
import { planOf } from '@plaza/testing'
import type { Client } from 'pg'
import '../src/erasure-store.ts'
import '../src/export-store.ts'

let scratch: ScratchDatabase
let owner: Client
before(async () => {
  scratch = await scratchDatabase()
  await scratch.open({ name: 'privacy', migrations: new URL('../migrations/', import.meta.url) })
  owner = await scratch.connect()
  await owner.query(square)
})
after(() => scratch[Symbol.asyncDispose]())

// 5,000 archives, most of people who have one, and 20,000 people who were erased.
const square = `
  set search_path = privacy;
  create function id_of(n int) returns uuid immutable language sql as $$ select lpad(to_hex(n * 977), 32, '0')::uuid $$;
  insert into exports (id, person_id, token_hash, expires_at)
    select id_of(n), id_of(n * 3), decode(md5(n::text), 'hex'), now() + n * interval '1 s' from generate_series(1, 5000) n;
  insert into export_chunks select id_of(n), k, 'x' from generate_series(1, 5000) n, generate_series(0, 3) k;
  insert into erasures (user_id, job_id, finished_at, swept_at)
    select id_of(n), id_of(n), now(), case when n % 500 > 0 then now() end from generate_series(1, 20000) n;
  insert into erasure_counts select id_of(n), 'posts', 'post', n from generate_series(1, 5000) n;
  analyze;
  reset search_path`

const id = '00000000-0000-0000-0000-0000000003d1'
const zero = '00000000-0000-0000-0000-000000000000'
const tokenHash = '\\xc4ca4238a0b923820dcc509a6f75849b'

type Params = Parameters<typeof planOf>[3]
const keyed: readonly [string, Params][] = [
  ['privacy.find-export', { id }],
  ['privacy.delete-older-exports', { id, personId: id }],
  ['privacy.find-archive', { tokenHash }],
  ['privacy.find-chunk', { tokenHash, number: 2 }],
  ['privacy.delete-expired-exports', { limit: 20 }],
  ['privacy.exports-of', { personId: id, limit: 100 }],
  ['privacy.delete-exports-of', { personId: id, limit: 20 }],
  ['privacy.find-erasure', { userId: id }],
  ['privacy.find-erasure-counts', { userId: id }],
  ['privacy.find-stuck-erasures', { limit: 200 }],
  ['privacy.find-erased', { after: zero, limit: 20 }],
]
for (const [name, params] of keyed) {
  test(`${name} finds its rows by an index`, async () => {
    const statement = allStatements().find(each => each.name === name)!
    const plans = await planOf(owner, 'privacy', statement, params)
    for (const plan of [plans.custom, plans.generic])
      assert.ok(!plan.some(node => node.startsWith('Seq Scan')), plan.join(' < '))
  })
}
