import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { UserId } from '@plaza/kernel/contract'
import { toUuid } from '@plaza/kernel/data'
import { asking } from '@plaza/testing'
import { openSquare, type Square } from './square.ts'

let square: Square
let mona: UserId
let admin: UserId
before(async () => {
  square = await openSquare()
  mona = square.person('mona', 'moderator')
  admin = square.person('admin', 'admin')
})
after(() => square.close())

const exported = async (person: UserId) => {
  const records: { kind: string; data: unknown }[] = []
  let after: string | undefined
  do {
    const part = await square.kernel.$exportPerson({ person, ...(after && { after }) }, asking())
    records.push(...part.records)
    after = part.next ?? undefined
  } while (after !== undefined)
  return records
}

/** Erases until it is done; how many of each kind. */
const erase = async (person: UserId) => {
  const sums: Record<string, number> = {}
  for (;;) {
    const { done, erased } = await square.kernel.$erasePerson({ person }, asking())
    for (const [kind, count] of Object.entries(erased)) sums[kind] = (sums[kind] ?? 0) + count
    if (done) return sums
  }
}

/** Everything in the service's tables, as text. */
const everything = async () => {
  const texts: string[] = []
  for (const table of ['reports', 'decisions', 'audit', 'events', 'jobs', 'finished_jobs']) {
    const { rows } = await square.owner.query(
      `select coalesce(json_agg(t), '[]')::text as all from moderation.${table} t`,
    )
    texts.push(rows[0].all)
  }
  return texts.join('\n')
}

test('a person gets the reports they made, what they decided and what the trail says they did', async () => {
  const [ana, ben] = [square.person('ana'), square.person('ben')]
  const [one, two] = [square.posts.add(ana, 'one'), square.posts.add(ana, 'two')]
  const report = await square.report(one, ben, { reason: 'abuse', note: 'my words' })
  const other = await square.report(two, ben)
  await square.resolve(report, 'hide', mona, { note: 'her words' })
  assert.deepEqual(await exported(ben), [
    { kind: 'report', data: { ...report, status: 'resolved' } },
    { kind: 'report', data: other },
  ])
  assert.deepEqual(await exported(ana), [], 'who reported whom is nobody else’s')
  const own = await exported(mona)
  assert.deepEqual(
    own.map(({ kind, data }) => [kind, (data as { action: string }).action]),
    [
      ['decision', 'hide'],
      ['audit', 'post.hidden'],
    ],
  )
  assert.equal((own[0]!.data as { note: string }).note, 'her words')
})

test('who made reports is forgotten with their words; the reports stay to be looked at', async () => {
  const [ana, ben] = [square.person('ana'), square.person('ben')]
  const post = square.posts.add(ana, 'x')
  const report = await square.report(post, ben, { reason: 'abuse', note: 'ben-in-words' }, 'ben-key')
  assert.equal((await erase(ben)).reports, 1)
  assert.deepEqual(await erase(ben), {})
  assert.doesNotMatch(await everything(), /ben-in-words/)
  const { items } = await square.queue(mona, { limit: 100 })
  const found = items.find(each => each.id === report.id)
  assert.deepEqual([found?.reporter, found?.note, found?.reason], [null, null, 'abuse'])
  assert.equal((await square.resolve(report, 'hide', mona)).status, 'resolved')
})

test('reports about a person are closed, and nobody’s words about them stay', async () => {
  const [ana, ben] = [square.person('ana'), square.person('ben')]
  const [open, decided] = [square.posts.add(ana, 'x'), square.posts.add(ana, 'y')]
  const waiting = await square.report(open, ben, { reason: 'abuse', note: 'ana-as-ben-says' })
  const report = await square.report(decided, ben, { reason: 'abuse', note: 'ana-again' })
  await square.resolve(report, 'hide', mona, { note: 'ana-as-mona-says', key: 'about-ana' })
  assert.deepEqual(await erase(ana), { reportsAbout: 2, decisionsAbout: 1 })
  assert.doesNotMatch(await everything(), /ana-/)
  const { items } = await square.queue(mona, { limit: 100, status: 'resolved' })
  assert.equal(items.find(each => each.id === waiting.id)?.resolution, null)
  await assert.rejects(square.resolve(waiting, 'hide', mona), { code: 'already-resolved' })
})

test('what a moderator decided stays, as nobody’s; the trail keeps their id', async () => {
  const max = square.person('max', 'moderator')
  const [ana, ben] = [square.person('ana'), square.person('ben')]
  const post = square.posts.add(ana, 'x')
  const report = await square.report(post, ben)
  await square.resolve(report, 'hide', max, { note: 'max-in-words' })
  assert.deepEqual(await erase(max), { decisions: 1 })
  assert.doesNotMatch(await everything(), /max-in-words/)
  const { items } = await square.queue(mona, { limit: 100, status: 'resolved' })
  const { at, ...resolution } = items.find(each => each.id === report.id)!.resolution!
  assert.deepEqual(resolution, { action: 'hide', note: null, by: null })
  assert.equal((await square.audit(admin, { target: post })).items[0]?.actor, max)
})

test('no answer that is kept for a moderator holds words of others', async () => {
  const [ana, ben] = [square.person('ana'), square.person('ben')]
  const report = await square.report(square.posts.add(ana, 'x'), ben, {
    reason: 'abuse',
    note: 'secret-words',
  })
  await square.resolve(report, 'dismiss', mona, { key: 'kept', note: 'judged-words' })
  const { rows } = await square.owner.query<{ answer: Buffer }>(
    'select answer from moderation.idempotency_keys',
  )
  const kept = rows.map(row => row.answer.toString('utf8')).filter(text => text.includes('resolution'))
  assert.ok(kept.length > 0)
  for (const answer of kept) assert.doesNotMatch(answer, /words/)
})

test('a thousand reports go step by step', async () => {
  const ana = square.person('ana')
  const ben = square.person('ben')
  await square.owner.query(
    `insert into moderation.reports (id, post_id, author_id, reporter_id, reason)
     select gen_random_uuid(), gen_random_uuid(), $1::uuid, $2::uuid, 'spam' from generate_series(1, 1200)`,
    [toUuid(ana), toUuid(ben)],
  )
  assert.equal((await exported(ben)).length, 1_200)
  assert.deepEqual(await erase(ben), { reports: 1_200 })
  assert.deepEqual(await erase(ana), { reportsAbout: 1_200 })
})
