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
  await scratch.open({ name: 'posts', migrations: new URL('../migrations/', import.meta.url) })
  owner = await scratch.connect()
  await owner.query(square)
  await owner.query('vacuum posts.posts, posts.post_tags')
})
after(() => scratch[Symbol.asyncDispose]())

// 100,000 posts of 5,000 people and 40,000 comments, half of them in one thread, 1,000 of them of the first person, a tenth of them for followers; the first wrote 5,000; one tag on a fifth, many on few; 5,000 were edited.
const square = `
  set search_path = posts;
  create function person(n int) returns uuid immutable language sql as $$ select lpad(to_hex(n * 977), 32, '0')::uuid $$;
  create function post(n int) returns uuid immutable language sql as $$
    select (lpad(to_hex(n * 31), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid $$;
  insert into posts (id, author_id, text, tags, visibility)
    select post(n), person(case when n % 20 = 0 then 1 else n % 5000 + 1 end), 'text', case when n % 5 = 0 then '{often}'::text[] end,
      case when n % 10 = 3 then 'followers' else 'public' end
    from generate_series(1, 100000) n;
  insert into posts (id, author_id, text, visibility, reply_to, root_id, answered_id)
    select post(100000 + n), person(case when n % 40 = 0 then 1 else n % 5000 + 1 end), 'text', 'public',
      post(case when n <= 20000 then (case when n % 10 = 0 then 100000 + n - 1 else 1 end) else n end),
      post(case when n <= 20000 then 1 else n end), person(2)
    from generate_series(1, 40000) n;
  insert into post_counts (post_id, likes) select id, 1 from posts;
  insert into post_tags select 'often', id, author_id from posts where tags is not null and visibility = 'public';
  insert into post_tags select 'tag' || n % 3000, post(n), person(n % 5000 + 1) from generate_series(1, 100000, 7) n;
  insert into post_edits select post(n), 1, 'earlier', now() from generate_series(1, 5000) n;
  insert into post_edits select post(1), n, 'earlier', now() from generate_series(2, 2000) n;
  insert into deleted_posts (id, author_id) select post(n), person(1) from generate_series(200000, 210000) n;
  insert into streams select 'user_' || n, 1 from generate_series(1, 20000) n;
  analyze;
  reset search_path`

const zero = '00000000-0000-0000-0000-000000000000'
const person = (n: number) =>
  (BigInt(n) * 977n)
    .toString(16)
    .padStart(32, '0')
    .replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
const people = Array.from({ length: 39 }, (_, i) => person(i + 1))
const statement = (name: string) => allStatements().find(each => each.name === name)!
const middle = '000000170000-7000-8000-000000000000'.replace(/^(.{8})(.{4})/, '$1-$2')

// The root of the great thread: post(1) of the square.
const first = '00000000-001f-7c4c-8a42-38a0b923820d'

type Params = Parameters<typeof planOf>[3]
const without = { without: people }
const spans = { publicOnly: ['false'], limits: ['21'] }
const replies = '(posts_by_author|posts_comments_by_author)'
const lists: readonly [name: string, index: string, Params][] = [
  ['posts.older-by-authors', 'posts_by_author', { authors: people, before: lastUuid, each: 4, limit: 21 }],
  ['posts.newer-by-authors', 'posts_by_author', { authors: people, after: zero, each: 4, limit: 21 }],
  ['posts.older-public', 'posts_public', { ...without, before: middle, limit: 21 }],
  ['posts.newer-public', 'posts_public', { ...without, after: middle, limit: 21 }],
  ['posts.older-by-tag', 'post_tags_pkey', { tag: 'often', ...without, before: middle, limit: 21 }],
  ['posts.newer-by-tag', 'post_tags_pkey', { tag: 'often', ...without, after: middle, limit: 21 }],
  ['posts.older-of-authors', 'posts_by_author', { authors: [person(1)], froms: [lastUuid], ...spans }],
  ['posts.newer-of-authors', 'posts_by_author', { authors: [person(1)], froms: [zero], ...spans }],
  ['posts.older-with-replies-of-authors', replies, { authors: [person(1)], froms: [lastUuid], ...spans }],
  ['posts.newer-with-replies-of-authors', replies, { authors: [person(1)], froms: [zero], ...spans }],
  ['posts.answers-after', 'posts_answers', { ids: [first], froms: [zero], limits: ['21'] }],
  ['posts.answers-before', 'posts_answers', { ids: [first], froms: [lastUuid], limits: ['21'] }],
  ['posts.thread-after', 'posts_threads', { ids: [first], froms: [zero], limits: ['101'] }],
  ['posts.thread-before', 'posts_threads', { ids: [first], froms: [lastUuid], limits: ['101'] }],
  ['posts.older-edits', 'post_edits_pkey', { id: middle, before: 2_000, limit: 21 }],
  ['posts.newer-edits', 'post_edits_pkey', { id: middle, after: 1, limit: 21 }],
]
for (const [name, index, params] of lists) {
  test(`${name} reads its page along ${index}, and sorts no more than the pages of those it merges`, async () => {
    const plans = await planOf(owner, 'posts', statement(name), params)
    for (const plan of [plans.custom, plans.generic]) {
      const shown = plan.join(' < ')
      const limit = plan.findIndex((node, i) => node === 'Limit' && plan[i + 1]?.startsWith('Index'))
      assert.ok(limit >= 0, shown)
      assert.match(plan[limit + 1]!, new RegExp(`^Index (Only )?Scan (Backward )?${index}$`), shown)
      assert.ok(!plan.some(node => /^(Seq Scan|Bitmap|Hash)/.test(node)), shown)
      // Several people's or threads' pages in one query: what PostgreSQL sorts is those pages.
      const merges = /-(by|of)-authors$|^posts\.(answers|thread)-/.test(name)
      if (!merges) assert.ok(!plan.some(node => /Sort/.test(node)), shown)
    }
  })
}

const keyed: readonly [string, Params][] = [
  ['posts.versions-by-ids', { ids: [middle] }],
  ['posts.facts-by-ids', { ids: [middle] }],
  ['posts.facts-after', { after: middle, limit: 1_000 }],
  ['posts.lock-by-id', { id: middle }],
  ['posts.delete-by-id', { id: middle }],
  ['posts.any-answer', { id: first }],
  ['posts.bury-by-id', { id: middle }],
  ['posts.hide-by-id', { id: middle }],
  ['posts.remove-tags', { id: middle }],
  ['posts.remove-edits', { id: middle }],
  ['posts.delete-empty-place', { id: middle }],
  ['posts.delete-empty-places', { limit: 2_000 }],
  ['posts.below-after', { ids: [middle], froms: [zero], limits: ['101'] }],
  ['posts.below-before', { ids: [middle], froms: [lastUuid], limits: ['101'] }],
  ['posts.above', { ids: [middle] }],
  ['posts.deleted-by-id', { id: middle }],
  ['posts.delete-old-deletions', { limit: 2_000 }],
  ['posts.count-by-authors', { ids: [middle] }],
  ['posts.any-versions', { posts: [middle], people: ['user_1'] }],
  ['posts.replace-tags', { id: middle, author: middle, tags: ['a'] }],
]
for (const [name, params] of keyed) {
  test(`${name} finds its rows by key`, async () => {
    const plans = await planOf(owner, 'posts', statement(name), params)
    for (const plan of [plans.custom, plans.generic])
      assert.ok(!plan.some(node => node.startsWith('Seq Scan')), plan.join(' < '))
  })
}

test('a home timeline of 39 people reads 4 entries of each at most, however many they wrote', async () => {
  await owner.query('set search_path = posts')
  const { text, params: types } = statement('posts.older-by-authors')
  const values: Record<string, unknown> = { authors: people, before: lastUuid, each: 4, limit: 21 }
  const { rows } = await owner.query(
    `explain (analyze, format json) ${text}`,
    Object.keys(types).map(name => values[name]),
  )
  const scans: { 'Actual Rows': number; 'Actual Loops': number }[] = []
  const visit = (node: { 'Node Type': string; Plans?: never[] } & (typeof scans)[0]) => {
    if (/^Index/.test(node['Node Type'])) scans.push(node)
    for (const each of node.Plans ?? []) visit(each)
  }
  visit(rows[0]['QUERY PLAN'][0].Plan)
  assert.equal(scans.length, 1)
  assert.equal(scans[0]!['Actual Loops'], 39)
  assert.ok(scans[0]!['Actual Rows'] <= 4)
})
