import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { PostId, UserId } from '@plaza/kernel/contract'
import { toUuid } from '@plaza/kernel/data'
import { asClient, openSquare, type Square, until } from './square.ts'

let square: Square
let ana: UserId
before(async () => {
  square = await openSquare()
  ana = square.users.add('ana')
  const ben = square.users.add('ben')
  const ids: PostId[] = []
  for (let i = 0; i < 8; i++) ids.push((await square.create(ana, `post ${i} #check`)).id)
  for (const id of ids.slice(0, 5)) {
    await square.edge.like({ id }, asClient(ben))
    await square.edge.repost({ id }, asClient(ben))
    await square.create(ben, `answer #none`, { replyTo: id })
  }
  const buried = await square.create(ana, 'buried')
  await square.create(ben, 'below', { replyTo: buried.id })
  await square.delete(buried.id, ana)
  const last = await square.create(ana, 'counted last')
  await square.edge.like({ id: last.id }, asClient(ben))
  await until(async () => (await square.get(last.id)).likeCount === 1)
})
after(() => square.close())

async function breaches(check: string) {
  const found: string[] = []
  let checked = 0
  for (let after: string | undefined; ; ) {
    const part = await square.kernel.$verify({ check, ...(after && { after }) }, asClient())
    checked += part.checked
    found.push(...part.breaches.map(({ id, detail }) => `${id} ${detail}`))
    if (part.next === null) return { found, checked }
    after = part.next
  }
}

const sql = (text: string, ...ids: PostId[]) => square.owner.query(text, ids.map(toUuid))

/** Breaks a promise by hand for a post, sees exactly that found, and mends it. */
async function sees(check: string, id: PostId, detail: string, breakIt: string, mendIt: string) {
  await square.owner.query(breakIt.replaceAll('POST', `'${toUuid(id)}'`))
  assert.deepEqual((await breaches(check)).found, [`${id} ${detail}`])
  await square.owner.query(mendIt.replaceAll('POST', `'${toUuid(id)}'`))
  assert.deepEqual((await breaches(check)).found, [])
}

const newPost = async () => (await square.create(ana, `broken #check`)).id

test('what is as promised has no breach, and all of it is looked at', async () => {
  const names = (await square.kernel.$checks({}, asClient()))
    .map(check => check.name)
    .filter(name => !name.startsWith('$'))
  assert.deepEqual(names, ['counts', 'reactions', 'threads', 'tags'])
  const all = (await sql('select from posts.posts')).rowCount
  for (const check of ['counts', 'threads', 'tags'])
    assert.deepEqual(await breaches(check), { found: [], checked: all })
  assert.deepEqual(await breaches('reactions'), { found: [], checked: 6 })
})

test('counts that differ from the rows behind them are found, with and without a row of counts', async () => {
  const id = await newPost()
  await sees(
    'counts',
    id,
    'says 3 likes, 0 answers, 0 reposts, has 0 likes, 0 answers, 0 reposts',
    'insert into posts.post_counts (post_id, likes) values (POST, 3)',
    'delete from posts.post_counts where post_id = POST',
  )
  await sees(
    'counts',
    id,
    'says 0 likes, 0 answers, 0 reposts, has 1 likes, 0 answers, 0 reposts',
    'insert into posts.likes select gen_random_uuid(), POST, gen_random_uuid()',
    'delete from posts.likes where post_id = POST',
  )
})

test('a like or repost of what is not there is found', async () => {
  for (const table of ['likes', 'reposts'])
    await sees(
      'reactions',
      square.nobodysId(),
      'is liked or reposted, and not there',
      `insert into posts.${table} select gen_random_uuid(), POST, gen_random_uuid() from generate_series(1, 3)`,
      `delete from posts.${table} where post_id = POST`,
    )
})

test('an answer to nothing, of another thread, and an empty place are found', async () => {
  const [id, other] = [await newPost(), await newPost()]
  const answer = (await square.create(ana, 'an answer', { replyTo: id })).id
  await sees(
    'threads',
    answer,
    'is of another thread than what it answers',
    `update posts.posts set root_id = '00000000-0000-7000-8000-000000000000' where id = POST`,
    `update posts.posts set root_id = reply_to where id = POST`,
  )
  await square.owner.query('alter table posts.posts drop constraint posts_reply_to_fkey')
  await sees(
    'threads',
    answer,
    'answers what is not there',
    `update posts.posts set reply_to = '00000000-0000-7000-8000-000000000000',
       root_id = '00000000-0000-7000-8000-000000000000' where id = POST`,
    `update posts.posts set reply_to = '${toUuid(id)}', root_id = '${toUuid(id)}' where id = POST`,
  )
  await sees(
    'threads',
    other,
    'is gone and has no answers',
    `update posts.posts set visibility = 'gone', author_id = '00000000-0000-0000-0000-000000000000', text = '', tags = null where id = POST`,
    'delete from posts.posts where id = POST',
  )
})

test('a tag that does not find its post, or finds a post without it, is found', async () => {
  const id = await newPost()
  await sees(
    'tags',
    id,
    'has the tags {check}, is found by {}',
    'delete from posts.post_tags where post_id = POST',
    `insert into posts.post_tags select 'check', id, author_id from posts.posts where id = POST`,
  )
  await sees(
    'tags',
    id,
    'has the tags {check}, is found by {alien,check}',
    `insert into posts.post_tags select 'alien', id, author_id from posts.posts where id = POST`,
    `delete from posts.post_tags where tag = 'alien'`,
  )
})

test('a check goes through more than one part', async () => {
  await square.owner.query(
    `insert into posts.posts (id, author_id, text, visibility)
     select lpad(to_hex(n), 32, '0')::uuid, gen_random_uuid(), 'x', 'public' from generate_series(1, 4100) n`,
  )
  await square.owner.query(
    `insert into posts.likes select gen_random_uuid(), lpad(to_hex(n), 32, '0')::uuid, gen_random_uuid() from generate_series(1, 4100) n`,
  )
  const all = (await sql('select from posts.posts')).rowCount
  const counts = await breaches('counts')
  assert.deepEqual([counts.checked, counts.found.length], [all, 4_100])
  const reactions = await breaches('reactions')
  assert.deepEqual([reactions.checked, reactions.found.length], [4_106, 0])
  assert.deepEqual((await breaches('tags')).found, [])
})
