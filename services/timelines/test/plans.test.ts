import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { allStatements, lastUuid } from '@plaza/kernel/data'
import { type ScratchDatabase, scratchDatabase } from '@plaza/kernel/scratch-database'
import { planOf } from '@plaza/testing'
import type { Client } from 'pg'
import { timelinesService } from '../src/service.ts'

let scratch: ScratchDatabase
let owner: Client
before(async () => {
  scratch = await scratchDatabase()
  await scratch.open({ name: 'timelines', migrations: timelinesService.migrations })
  owner = await scratch.connect()
  await owner.query(square)
  await owner.query('vacuum timelines.trends, timelines.voices, timelines.tag_posts')
})
after(() => scratch[Symbol.asyncDispose]())

// 20,000 posts, a few of them gone, 5,000 tags; 200,000 voices of 2,000 people, the first post and the first tag with 2,000.
const square = `
  set search_path = timelines;
  create function person(n int) returns uuid immutable language sql as $$ select lpad(to_hex(n * 977), 32, '0')::uuid $$;
  insert into trends (subject, author_id, score, people_count, gone_at)
    select 'post_' || n, person(n % 2000), 1000 + n % 997 * 0.01, 9, case when n % 50 = 0 then now() end
    from generate_series(1, 20000) n;
  insert into trends (subject, score, people_count, post_count)
    select '#' || n, 1000 + n % 997 * 0.01, 5, 5 from generate_series(1, 5000) n;
  insert into voices (subject, person_id, voice)
    select 'post_' || n % 20000 + 1, person(n / 20000 * 200 + n % 200), 990 + n * 0.0001 from generate_series(0, 170000) n;
  insert into voices (subject, person_id, voice)
    select '#' || n % 5000 + 1, person(n / 5000 + 1), 990 + n * 0.001 from generate_series(0, 29999) n;
  insert into voices (subject, person_id, voice)
    select each, person(n), 1000 from generate_series(1, 2000) n, unnest('{post_1,#1}'::text[]) each
    on conflict do nothing;
  insert into tag_posts (post_id, tag, person_id)
    select person(n), n % 5000 + 1, person(n % 2000) from generate_series(1, 25000) n;
  analyze;
  reset search_path`

const person = (n: number) =>
  (BigInt(n) * 977n)
    .toString(16)
    .padStart(32, '0')
    .replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
const people = [person(1), person(2)]
const statement = (name: string) => allStatements().find(each => each.name === name)!

type Params = Parameters<typeof planOf>[3]
const lists: readonly [name: string, index: string, Params][] = [
  ['timelines.top-posts', 'trending_posts', { floor: 900, limit: 500 }],
  ['timelines.top-tags', 'trending_tags', { floor: 900, suspended: people, limit: 200 }],
  ['timelines.old-voices', 'voices_by_age', { floor: 991, limit: 1_000 }],
  ['timelines.old-tag-uses', 'tag_posts_pkey', { before: lastUuid, limit: 1_000 }],
]
for (const [name, index, params] of lists) {
  test(`${name} reads along ${index}, without sorting`, async () => {
    const plans = await planOf(owner, 'timelines', statement(name), params)
    for (const plan of [plans.custom, plans.generic]) {
      assert.equal(plan[0], 'Limit', plan.join(' < '))
      assert.match(plan[1]!, new RegExp(`^Index (Only )?Scan ${index}$`), plan.join(' < '))
      assert.ok(!plan.some(node => /^(Sort|Seq Scan|Bitmap|Hash)/.test(node)), plan.join(' < '))
    }
  })
}

const subjects = ['post_1', 'post_2']
const keyed: readonly [string, Params][] = [
  ['timelines.lock-or-make-trends', { subjects, authors: people }],
  ['timelines.voices-by-keys', { subjects, people }],
  ['timelines.said-by-people', { people, since: 1_000 }],
  ['timelines.keep-voices', { subjects, people, voices: ['1', '2'] }],
  ['timelines.add-to-trends', { subjects, adds: ['1', '2'], people: ['1', '1'], posts: ['0', '0'] }],
  ['timelines.tag-uses-of-posts', { posts: people }],
  ['timelines.add-tag-uses', { posts: people, tags: ['1', '2'], people }],
  ['timelines.remove-voices-without-posts', { tags: ['1', '2'], people }],
  ['timelines.recompute-trends', { subjects }],
  ['timelines.drop-empty-trends', { subjects }],
  ['timelines.mark-trends-gone', { subjects }],
  ['timelines.lock-trends', { subjects }],
  ['timelines.delete-voices', { subjects, people, floor: 999 }],
  ['timelines.delete-tag-uses', { posts: people, tags: ['1', '2'] }],
  ['timelines.forget-gone-trends', { limit: 100 }],
  ['timelines.voices-of-person', { person: person(1), after: '', limit: 500 }],
  ['timelines.tag-uses-of-person', { person: person(1), limit: 200 }],
  ['timelines.disown-voices', { person: person(1), limit: 1_000 }],
  ['timelines.compare-trends', { after: '', limit: 200 }],
]
for (const [name, params] of keyed) {
  test(`${name} finds its rows by an index`, async () => {
    const plans = await planOf(owner, 'timelines', statement(name), params)
    for (const plan of [plans.custom, plans.generic])
      assert.ok(!plan.some(node => node.startsWith('Seq Scan')), plan.join(' < '))
  })
}

test('every statement of what trends is looked at', () => {
  const names = allStatements().flatMap(({ name }) => (name.startsWith('timelines.') ? [name] : []))
  assert.deepEqual([...lists, ...keyed].map(([name]) => name).toSorted(), names.toSorted())
})
