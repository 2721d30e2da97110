import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { PostId, UserId } from '@plaza/kernel/contract'
import { toUuid } from '@plaza/kernel/data'
import { asClient, openSquare, type Square, until } from './square.ts'

let square: Square
before(async () => {
  square = await openSquare()
})
after(() => square.close())

interface Shown {
  readonly id: PostId
  readonly postId: PostId
  readonly text: string
  readonly visibility: string
  readonly createdAt: string
}

async function exported(person: UserId) {
  const all: { kind: string; data: Shown }[] = []
  for (let after: string | undefined; ; ) {
    const part = await square.kernel.$exportPerson({ person, ...(after && { after }) }, asClient())
    assert.ok(part.records.length <= 500)
    all.push(...(part.records as typeof all))
    if (part.next === null) return all
    after = part.next
  }
}

async function erase(person: UserId) {
  const sums: Record<string, number> = {}
  for (;;) {
    const { done, erased } = await square.kernel.$erasePerson({ person }, asClient())
    for (const [kind, count] of Object.entries(erased)) sums[kind] = (sums[kind] ?? 0) + count
    if (done) return sums
  }
}

/** In which tables, outside the log, a person's id or one of the words stands. */
async function traces(person: UserId, words: readonly string[]): Promise<string[]> {
  const { rows } = await square.owner.query<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = 'posts' and table_type = 'BASE TABLE'
       and table_name not like 'events%' and table_name <> 'streams' and table_name <> 'idempotency_keys'`,
  )
  const found: string[] = []
  for (const { name } of rows)
    for (const word of [toUuid(person), person, ...words]) {
      const { rowCount } = await square.owner.query(
        `select from posts.${name} t where strpos(t::text, $1) > 0 limit 1`,
        [word],
      )
      if (rowCount) found.push(`${name}: ${word}`)
    }
  return found
}

const counts = async (id: PostId) => {
  const { likeCount, replyCount, repostCount } = await square.get(id)
  return [likeCount, replyCount, repostCount]
}

/** Somebody who did a bit of everything. */
async function lively(name: string, other: UserId) {
  const person = square.users.add(name)
  const theirs = await square.create(other, `hello @${name} and @${square.users.card(other).username}`)
  const alone = await square.create(person, `alone-${name} #farewell`)
  const answered = await square.create(person, `answered-${name}`)
  const answer = await square.create(other, 'an answer', { replyTo: answered.id })
  const below = await square.create(person, `below-${name}`, { replyTo: answer.id, visibility: 'followers' })
  const comment = await square.create(person, `comment-${name}`, { replyTo: theirs.id })
  const hidden = await square.create(person, `hidden-${name}`)
  await square.edit(alone.id, `later-${name} #farewell`, person)
  const deleted = await square.create(person, `deleted-${name}`)
  await square.delete(deleted.id, person)
  for (const { id } of [theirs, answer, alone]) await square.edge.like({ id }, asClient(person))
  await square.edge.repost({ id: theirs.id }, asClient(person))
  await square.edge.like({ id: alone.id }, asClient(other))
  await square.edge.repost({ id: alone.id }, asClient(other))
  await square.edge.like({ id: answered.id }, asClient(other))
  await square.service.hide({ id: hidden.id }, asClient())
  return { person, theirs, alone, answered, answer, below, comment, hidden }
}

test('an export holds all posts, comments, earlier texts, likes and reposts, each once, in parts', async () => {
  const other = square.users.add('other')
  const { person, theirs, alone, answered, answer, below, comment, hidden } = await lively('zoe', other)
  const all = await exported(person)
  const of = (kind: string) => all.filter(record => record.kind === kind).map(record => record.data)
  assert.deepEqual(
    of('post').map(post => [post.id, post.text, post.visibility]),
    [
      [alone.id, 'later-zoe #farewell', 'public'],
      [answered.id, 'answered-zoe', 'public'],
      [hidden.id, 'hidden-zoe', 'hidden'],
    ],
  )
  assert.deepEqual(
    of('comment').map(post => [post.id, post.visibility]),
    [
      [below.id, 'followers'],
      [comment.id, 'public'],
    ],
  )
  assert.deepEqual(
    of('edit').map(edit => [edit.postId, edit.text]),
    [[alone.id, 'alone-zoe #farewell']],
  )
  const liked = [theirs.id, alone.id, answer.id]
  assert.deepEqual(
    of('like').map(like => like.postId),
    liked.toSorted(),
  )
  assert.deepEqual(
    of('repost').map(repost => repost.postId),
    [theirs.id],
  )
  for (const { createdAt } of [...of('like'), ...of('post')])
    assert.ok(Math.abs(Date.parse(createdAt) - Date.now()) < 60_000)
  assert.equal(all.length, 10)
  assert.deepEqual(await exported(square.users.add('silent')), [])
})

test('a large export comes in parts and misses nothing', async () => {
  const writer = square.users.add('writer')
  const written = await Promise.all(Array.from({ length: 430 }, (_, i) => square.create(writer, `text ${i}`)))
  await Promise.all(written.map(({ id }) => square.edge.like({ id }, asClient(writer))))
  for (let i = 0; i < 250; i++) await square.edit(written[i % 3]!.id, `again ${i}`, writer)
  const all = await exported(writer)
  const ids = new Set(all.map(({ kind, data }) => `${kind} ${JSON.stringify(data)}`))
  assert.deepEqual([all.length, ids.size], [430 + 430 + 250, 430 + 430 + 250])
})

test('an erasure leaves nothing of the person; answers of others keep their place, counts follow', async () => {
  const other = square.users.add('witness')
  const { person, theirs, alone, answered, answer, below, hidden } = await lively('yan', other)
  await until(async () => `${await counts(theirs.id)}` === '1,1,1')
  const before = (await square.get(theirs.id, other)).version
  const erased = await erase(person)
  assert.deepEqual(erased, {
    posts: 5,
    reactionsOfOthers: 4,
    likes: 2,
    reposts: 1,
    mentions: 1,
    answers: 1,
    deletions: 1,
  })
  assert.deepEqual(await traces(person, ['-yan']), [])
  assert.deepEqual(await erase(person), {}, 'again there is nothing to erase')
  for (const { id } of [alone, answered, below, hidden])
    await assert.rejects(square.get(id, other), { code: 'post-not-found' })
  const thread = await square.edge.thread({ id: answer.id }, asClient(other))
  assert.deepEqual(
    thread.ancestors.map(post => [post.id, post.deleted, post.text]),
    [[answered.id, true, '']],
  )
  const seen = await square.get(theirs.id, other)
  assert.deepEqual(
    [seen.mentions.map(each => each.id), seen.text, seen.version],
    [[other], `hello @yan and @witness`, before + 1],
  )
  await until(async () => `${await counts(theirs.id)}` === '0,0,0')
  await until(async () => `${await counts(answer.id)}` === '0,0,0')
  assert.deepEqual(await exported(person), [])
  const told = (await square.events(person)).map(event => event.type)
  assert.equal(told.filter(type => type === 'deleted').length, 6)
  assert.equal(told.filter(type => type === 'unliked').length, 2)
})

test('an erasure that is killed between its steps goes on; the popular post of a writer goes in small steps', async () => {
  const [writer, fan] = [square.users.add('popular'), square.users.add('fan')]
  const written = await Promise.all(Array.from({ length: 230 }, (_, i) => square.create(writer, `p${i}`)))
  await square.owner.query(
    `insert into posts.likes select gen_random_uuid(), $1, gen_random_uuid() from generate_series(1, 1200)`,
    [toUuid(written[229]!.id)],
  )
  await square.edge.like({ id: written[0]!.id }, asClient(fan))
  const first = await square.kernel.$erasePerson({ person: writer }, asClient())
  assert.deepEqual(first, { done: false, erased: { reactionsOfOthers: 500 } })
  await square.kernel.$erasePerson({ person: writer }, asClient())
  // Somebody else asks for the same at the same time, as after a crash.
  const [one, two] = await Promise.all([erase(writer), erase(writer)])
  assert.equal((one.posts ?? 0) + (two.posts ?? 0), 230)
  assert.deepEqual(await traces(writer, []), [])
  assert.equal(
    (await square.owner.query('select from posts.likes where user_id = $1', [toUuid(fan)])).rowCount,
    0,
  )
})
