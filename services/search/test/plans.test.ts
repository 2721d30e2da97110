import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { allStatements, lastUuid } from '@plaza/kernel/data'
import { type ScratchDatabase, scratchDatabase } from '@plaza/kernel/scratch-database'
import { planOf } from '@plaza/testing'
import type { Client } from 'pg'
import '../src/service.ts'

let scratch: ScratchDatabase
let owner: Client
before(async () => {
  scratch = await scratchDatabase()
  await scratch.open({ name: 'search', migrations: new URL('../migrations/', import.meta.url) })
  owner = await scratch.connect()
  await owner.query(square)
  await owner.query('vacuum search.documents, search.people')
})
after(() => scratch[Symbol.asyncDispose]())

// 100,000 posts of a dozen words, few of them common, one in every post, one in those of long ago; 20,000 people who are all called "Person".
const square = `
  set search_path = search;
  create function post(n int) returns uuid immutable language sql as $$
    select (lpad(to_hex(n * 31), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid $$;
  create function words(n int) returns tsvector language sql as $$
    select string_agg(quote_literal(w) || ':' || p || 'A ' || quote_literal('en:' || w) || ':' || p || 'C', ' ')::tsvector
    from (
      select p, case when p = 1 then 'every' when p = 2 and n < 50000 then 'ancient'
        else 'w' || floor(20000 * pow(random(), 4))::int end as w
      from generate_series(1, 10 + n % 5) p
    ) each $$;
  select setseed(0.5);
  insert into documents select 0, post(n), md5((n % 5000)::text)::uuid, 1, n % 10 <> 3, n, n % 5 * 250, words(n)
    from generate_series(1, 100000) n;
  insert into people select 0, post(n), 1, 'person' || n, 'Person ' || n, n % 7 * 40,
      ('''person' || n || ''' ''@person' || n || ''' ''person'':1')::tsvector, array['erson' || n, 'person' || n]
    from generate_series(1, 20000) n;
  insert into gone select post(n) from generate_series(1, 20000) n;
  analyze;
  reset search_path`

const statement = (name: string) => allStatements().find(each => each.name === name)!
type Params = Parameters<typeof planOf>[3]
const first = { score: 2 ** 31 - 1, id: '00000000-0000-0000-0000-000000000000' }
const posts = (query: string) => ({
  slot: 0,
  query,
  byCloseness: true,
  publicOnly: true,
  top: lastUuid,
  ranked: 1_000,
  ...first,
  limit: 250,
})
const people = (query: string) => ({ slot: 0, query, username: 'person7', limit: 500 })
const id = '00000000-001f-7000-8000-000000000000'

const reads: readonly [name: string, index: RegExp, Params][] = [
  ['search.posts-by-words', /documents_words_0|documents_0_document_idx/, posts("'w19000' | 'en:w19000'")],
  ['search.posts-by-walking', /documents_0_pkey/, posts("'every' | 'en:every'")],
  ['search.probe', /documents_0_pkey/, { slot: 0, query: "'every'", top: lastUuid, rows: 1_000 }],
  ['search.people-by-names', /people_names_0|people_0_names_idx/, people("'person77':*")],
  ['search.people-by-walking', /people_0_slot_popularity_id_idx/, people("'person':*")],
  ['search.probe-people', /people_0_slot_popularity_id_idx/, { slot: 0, query: "'person':*", rows: 500 }],
  [
    'search.people-by-slips',
    /people_misspelt_0|people_0_misspelt_idx/,
    { slot: 0, slips: ['erson77'], looked: 500, limit: 50 },
  ],
  ['search.documents-after', /documents_0_pkey/, { after: id, limit: 500 }],
  ['search.people-after', /people_0_pkey/, { after: id, limit: 500 }],
  ['search.drop-posts-of', /author_id/, { author: id, limit: 1_000 }],
  ['search.drop-posts', /documents_0_pkey/, { ids: [id] }],
  ['search.drop-people', /people_0_pkey/, { ids: [id] }],
  ['search.set-popularity', /documents_0_pkey/, { ids: [id], popularities: ['1'] }],
  ['search.set-followers', /people_0_pkey/, { ids: [id], popularities: ['1'] }],
  ['search.gone-by-ids', /gone_pkey/, { ids: [id] }],
  ['search.clear-documents', /documents_0_pkey/, { slot: 0, limit: 2_000 }],
  ['search.clear-people', /people_0_pkey/, { slot: 0, limit: 2_000 }],
  ['search.clear-gone', /gone_pkey/, { limit: 2_000 }],
]
for (const [name, index, params] of reads) {
  test(`${name} reads along its index and scans no table`, async () => {
    const plans = await planOf(owner, 'search', statement(name), params)
    for (const plan of [plans.custom, plans.generic]) {
      const shown = plan.join(' < ')
      assert.ok(
        plan.some(node => /Index/.test(node) && index.test(node)),
        shown,
      )
      assert.ok(!plan.includes('BitmapAnd'), shown)
      // The other place is empty here: to read it whole is nothing.
      assert.ok(!plan.some(node => /^Seq Scan (documents|people|gone)(_0)?$/.test(node)), shown)
    }
  })
}

async function rowsRead(name: string, params: Params): Promise<number> {
  await owner.query('set search_path = search; set plan_cache_mode = force_generic_plan')
  const { text, params: types } = statement(name)
  const values = Object.keys(types).map(key => owner.escapeLiteral(`${params[key]}`))
  await owner.query(`prepare read_rows as ${text}`)
  const { rows } = await owner.query(
    `explain (analyze, format json) execute read_rows (${values.join(', ')})`,
  )
  await owner.query('deallocate read_rows; reset plan_cache_mode')
  let most = 0
  type Node = { 'Actual Rows': number; 'Rows Removed by Filter'?: number; Plans?: Node[] }
  const visit = (node: Node) => {
    most = Math.max(most, node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0))
    for (const each of node.Plans ?? []) visit(each)
  }
  visit(rows[0]['QUERY PLAN'][0].Plan)
  return most
}

test('a word of every post costs as many posts as are ranked, one of few as many as have it', async () => {
  assert.ok((await rowsRead('search.posts-by-walking', posts("'every' | 'en:every'"))) < 1_500)
  assert.ok((await rowsRead('search.posts-by-words', posts("'w19000' | 'en:w19000'"))) < 1_500)
  assert.ok((await rowsRead('search.people-by-walking', people("'person':*"))) < 700)
})
