import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { allStatements } from '@plaza/kernel/data'
import { type ScratchDatabase, scratchDatabase } from '@plaza/kernel/scratch-database'
import { planOf } from '@plaza/testing'
import type { Client } from 'pg'
import '../src/day-store.ts'

let scratch: ScratchDatabase
let owner: Client
before(async () => {
  scratch = await scratchDatabase()
  await scratch.open({ name: 'analytics', migrations: new URL('../migrations/', import.meta.url) })
  owner = await scratch.connect()
  // Ten years of days, and the people of the last three.
  await owner.query(`
    set search_path = analytics;
    insert into days select date '2020-01-01' + n, what, 1 from generate_series(0, 3650) n,
      unnest('{registrations,activePeople,posts,comments,likes,reposts,follows,forgotten,erased}'::text[]) what;
    insert into active_people select gen_random_uuid(), date '2029-12-28' + n % 3 from generate_series(1, 60000) n;
    analyze;
    reset search_path`)
})
after(() => scratch[Symbol.asyncDispose]())

const statement = (name: string) => allStatements().find(each => each.name === name)!
const span = { from: '0001-01-01', to: '9999-12-31', limit: 21 }
const lists = [
  ['analytics.older-days', { ...span, beside: 'infinity' }],
  ['analytics.newer-days', { ...span, beside: '2026-01-01' }],
] as const
for (const [name, params] of lists) {
  test(`${name} reads its page from the index, without sorting`, async () => {
    const plans = await planOf(owner, 'analytics', statement(name), params)
    for (const plan of [plans.custom, plans.generic]) {
      assert.match(plan.join(' < '), /Index Scan days_pkey/)
      assert.ok(!plan.some(node => /^(Sort|Incremental Sort|Seq Scan|Hash)/.test(node)), plan.join(' < '))
    }
  })
}

const id = '01890a5d-ac96-774b-bcce-b302099a8057'
const keyed = [
  [
    'analytics.add-to-days',
    { days: ['2026-01-01'], whats: ['posts'], counts: ['1'], activeDays: ['2026-01-01'], people: [id] },
  ],
  ['analytics.erase-active-person', { user: id }],
  ['analytics.compare-active-people', { after: '2029-12-20', limit: 30 }],
] as const
for (const [name, params] of keyed) {
  test(`${name} does not read who was active from end to end`, async () => {
    const plans = await planOf(owner, 'analytics', statement(name), params)
    for (const plan of [plans.custom, plans.generic])
      assert.ok(!plan.includes('Seq Scan active_people'), plan.join(' < '))
  })
}
