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
  await owner.query('vacuum posts.posts, posts.likes, posts.reposts')
})
after(() => scratch[Symbol.asyncDispose]())

// 50,000 posts of 2,500 people, a fifth of them answers; 200,000 likes, a tenth of them of the first post; 20,000 reposts of every fifth person.
const square = `
  set search_path = posts;
  create function uuid(n int) returns uuid immutable language sql as $$ select lpad(to_hex(n), 32, '0')::uuid $$;
  insert into posts (id, author_id, text, visibility, mention_ids, mention_names, version)
    select uuid(n), uuid(n % 2500 + 1), 'text', 'public', case when n % 10 = 0 then array[uuid(n % 97 + 1)] end,
      case when n % 10 = 0 then array['x'] end, 1 + n % 2
    from generate_series(1, 50000) n;
  insert into posts (id, author_id, text, visibility, reply_to, root_id, answered_id)
    select uuid(50000 + n), uuid(n % 2500 + 1), 'text', 'public', uuid(n), uuid(n), uuid(n % 2500 + 1)
    from generate_series(1, 10000) n;
  insert into post_edits select id, 1, 'earlier', now() from posts where version > 1;
  insert into post_tags select 'tag' || n % 100, uuid(n), uuid(1) from generate_series(1, 20000) n;
  insert into post_counts (post_id, likes) select id, 1 from posts;
  insert into likes select uuid(n + 10000), uuid(case when n % 10 = 0 then 1 else n % 50000 + 1 end), uuid(n) from generate_series(1, 200000) n;
  insert into likes select uuid(1), uuid(n), uuid(n + 1000000) from generate_series(2, 5000) n;
  insert into reposts select uuid((n % 500) * 5 + 1), uuid(n), uuid(n + 60000) from generate_series(1, 20000) n;
  insert into deleted_posts (id, author_id) select uuid(n), uuid(n % 2500 + 1) from generate_series(1, 20000) n;
  insert into streams select 'user_' || n, 1 from generate_series(1, 20000) n;
  analyze;
  reset search_path`

const uuid = (n: number) =>
  n
    .toString(16)
    .padStart(32, '0')
    .replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
const people = Array.from({ length: 39 }, (_, i) => uuid(i + 1))
const statement = (name: string) => allStatements().find(each => each.name === name)!
const nobody = uuid(0)

type Params = Parameters<typeof planOf>[3]
const span = { after: nobody, limit: 200 }
const some = { person: uuid(1), limit: 500 }
const lists: readonly [name: string, indexes: string, Params][] = [
  ['posts.older-likers', 'likes_by_post', { post: uuid(1), before: lastUuid, limit: 21 }],
  ['posts.newer-likers', 'likes_by_post', { post: uuid(1), after: nobody, limit: 21 }],
  ['posts.own-likes', 'likes_pkey', { person: uuid(1), ...span }],
  ['posts.reactions-of', 'likes_pkey', { stream: 'user_1', person: uuid(1), limit: 500 }],
  ['posts.lost-reactions', 'likes_by_post', span],
]
for (const [name, index, params] of lists) {
  test(`${name} reads its page along ${index}`, async () => {
    const plans = await planOf(owner, 'posts', statement(name), params)
    for (const plan of [plans.custom, plans.generic]) {
      const shown = plan.join(' < ')
      assert.match(shown, new RegExp(`Limit < Index (Only )?Scan (Backward )?${index}`), shown)
      assert.ok(!plan.some(node => /^(Seq Scan|Bitmap)/.test(node)), shown)
    }
  })
}

const ids = [uuid(1), uuid(2)]
const reacting = { people: ids, posts: ids, eventIds: ids, streams: ['a', 'b'], events: ['1', '2'] }
const sums = { posts: ids, likes: ['1', '1'], replies: ['0', '0'], reposts: ['0', '0'] }
const keyed: readonly [string, Params][] = [
  ['posts.older-entries', { authors: people, before: lastUuid, each: 4, limit: 21 }],
  ['posts.newer-entries', { authors: people, after: nobody, each: 4, limit: 21 }],
  ['posts.reactions-to', { people: ids, posts: ids }],
  ['posts.insert-likes', { ...reacting, ids }],
  ['posts.insert-reposts', { ...reacting, ids }],
  ['posts.delete-likes', reacting],
  ['posts.find-reposts', { people: ids, posts: ids }],
  ['posts.delete-reposts', { ...reacting, ids }],
  ['posts.remove-reactions', { posts: [uuid(7)] }],
  ['posts.insert-missing-counts', { posts: ids }],
  ['posts.add-to-counts', sums],
  ['posts.own-posts', { person: uuid(1), ...span }],
  ['posts.own-reposts', { person: uuid(1), ...span }],
  ['posts.own-newest', some],
  ['posts.own-edits', { person: uuid(1), post: nobody, version: 0, limit: 200 }],
  ['posts.lock-own', { ids, person: uuid(1) }],
  ['posts.remove-some-likes', { ids: [uuid(1)], limit: 500 }],
  ['posts.remove-some-reposts', { ids: [uuid(1)], limit: 500 }],
  ['posts.remove-counts', { ids }],
  ['posts.delete-unanswered', { ids }],
  ['posts.bury-answered', { ids }],
  ['posts.take-likes', some],
  ['posts.take-reposts', some],
  ['posts.forget-mentions', { person: uuid(50), limit: 100 }],
  ['posts.forget-answered', some],
  ['posts.forget-deletions', some],
  ['posts.wrong-counts', span],
  ['posts.broken-threads', span],
  ['posts.wrong-tags', span],
]
for (const [name, params] of keyed) {
  test(`${name} finds its rows by key`, async () => {
    const plans = await planOf(owner, 'posts', statement(name), params)
    for (const plan of [plans.custom, plans.generic])
      assert.ok(!plan.some(node => /^Seq Scan/.test(node)), plan.join(' < '))
  })
}

test('a home of 39 people reads 4 posts and 4 reposts of each at most', async () => {
  await owner.query('set search_path = posts')
  const { text, params: types } = statement('posts.older-entries')
  const values: Record<string, unknown> = { authors: people, before: lastUuid, each: 4, limit: 21 }
  const { rows } = await owner.query(
    `explain (analyze, format json) ${text}`,
    Object.keys(types).map(name => values[name]),
  )
  const scans: Scan[] = []
  const visit = (node: Scan & { 'Node Type': string; Plans?: never[] }) => {
    if (/^Index/.test(node['Node Type'])) scans.push(node)
    for (const each of node.Plans ?? []) visit(each)
  }
  visit(rows[0]['QUERY PLAN'][0].Plan)
  const read = (index: string) => scans.find(scan => scan['Index Name'] === index)!
  for (const index of ['posts_by_author', 'reposts_by_person']) {
    assert.equal(read(index)['Actual Loops'], 39, index)
    assert.ok(read(index)['Actual Rows'] <= 4, index)
  }
  assert.ok(read('posts_pkey')['Actual Loops'] <= 39 * 4)
})

interface Scan {
  readonly 'Index Name': string
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
}
