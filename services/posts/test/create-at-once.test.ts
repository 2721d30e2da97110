import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { UserId } from '@plaza/kernel/contract'
import type { Post } from '../src/contract.ts'
import { asClient, openSquare, type Square } from './square.ts'

let square: Square
let ana: UserId
before(async () => {
  square = await openSquare()
  ana = square.users.add('ana')
})
after(() => square.close())

test('a thousand posts of ten people at once: each is written once, with one event, in gapless versions', async () => {
  const people = Array.from({ length: 10 }, (_, i) => square.users.add(`writer_${i}`))
  const written = await Promise.all(
    Array.from({ length: 1_000 }, (_, i) =>
      square.create(people[i % 10]!, `post ${i} #tag${i % 7}`, {}, `key ${i}`),
    ),
  )
  assert.equal(new Set(written.map(post => post.id)).size, 1_000)
  for (const [i, person] of people.entries()) {
    const events = await square.events(person)
    assert.deepEqual(
      events.map(each => Number(each.version)),
      Array.from({ length: 100 }, (_, n) => n + 1),
    )
    const own = written
      .filter((_, n) => n % 10 === i)
      .map(post => post.id)
      .sort()
    assert.deepEqual(events.map(each => (each.data as { postId: string }).postId).sort(), own)
  }
  const { rows } = await square.owner.query('select count(*)::int as n from posts.post_tags')
  assert.equal(rows[0].n, 1_000)
})

test('the same request again gets the first answer, and nothing is written again', async () => {
  const first = await square.create(ana, 'once', {}, 'k1')
  const before = await square.countPosts(ana)
  const context = asClient(ana, 'k1', { text: 'once' })
  assert.deepEqual(await square.edge.create({ text: 'once' }, context), first)
  assert.equal(context.answer.replayed, true)
  assert.equal(await square.countPosts(ana), before)
})

test('twenty copies at the same moment: one post, one answer for all', async () => {
  const before = await square.countPosts(ana)
  const copies = await Promise.all(Array.from({ length: 20 }, () => square.create(ana, 'same', {}, 'k2')))
  assert.equal(new Set(copies.map(post => post.id)).size, 1)
  assert.equal(await square.countPosts(ana), before + 1)
})

test('the same key with another text is refused, also at the same moment, and writes nothing', async () => {
  await square.create(ana, 'left', {}, 'k3')
  const before = await square.countPosts(ana)
  await assert.rejects(square.create(ana, 'right', {}, 'k3'), { code: 'idempotency-key-reused' })
  assert.equal(await square.countPosts(ana), before)
  const both = await Promise.allSettled([
    square.create(ana, 'left', {}, 'k4'),
    square.create(ana, 'right', {}, 'k4'),
  ])
  assert.deepEqual(both.map(each => each.status).sort(), ['fulfilled', 'rejected'])
  assert.equal(await square.countPosts(ana), before + 1)
})

test("another person's key is another key", async () => {
  const ben = square.users.add('ben')
  const [one, other] = [await square.create(ana, 'x', {}, 'k5'), await square.create(ben, 'x', {}, 'k5')]
  assert.notEqual(one.id, other.id)
})

test('an answer given again is the first one, though the post was edited or deleted since', async () => {
  const first = await square.create(ana, 'before', {}, 'k6')
  await square.edit(first.id, 'after', ana)
  assert.deepEqual(await square.create(ana, 'before', {}, 'k6'), first)
  await square.delete(first.id, ana)
  assert.deepEqual(await square.create(ana, 'before', {}, 'k6'), first)
})

test('connections that are cut all the while lose no answered post and write none twice', async () => {
  const dora = square.users.add('dora')
  let cuts = 0
  let writing = true
  const cutting = (async () => {
    while (writing) {
      const { rowCount } = await square.owner.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and usename like '%posts' and state = 'active' and query like '%with input as%'`,
      )
      cuts += rowCount ?? 0
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  })()
  const until = async (key: string) => {
    for (;;) {
      try {
        return await square.create(dora, key, {}, key)
      } catch (error) {
        const { code } = error as { code?: string }
        assert.ok(['unavailable', 'unknown-outcome', 'overloaded'].includes(code ?? ''), `${error}`)
      }
    }
  }
  const enoughCuts = 5
  const mostPosts = 500
  const workers = Array.from({ length: 20 }, async (_, worker) => {
    const own: Post[] = []
    while (own.length < 20 || (cuts < enoughCuts && own.length < mostPosts))
      own.push(await until(`cut ${worker} ${own.length}`))
    return own
  })
  const written = (await Promise.all(workers)).flat()
  writing = false
  await cutting
  assert.ok(cuts >= enoughCuts, `${cuts} connections were cut`)
  const ids = written.map(post => post.id).sort()
  assert.equal(new Set(ids).size, written.length)
  const events = await square.events(dora)
  assert.deepEqual(events.map(each => (each.data as { postId: string }).postId).sort(), ids)
  const { rows } = await square.owner.query(
    "select count(*)::int as n from posts.posts where text like 'cut %'",
  )
  assert.equal(rows[0].n, written.length)
})
