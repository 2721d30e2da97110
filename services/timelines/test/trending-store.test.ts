import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import type { PostId, UserId } from '@plaza/kernel/contract'
import { type Db, lowestIdAt, newId, toUuid } from '@plaza/kernel/data'
import { type ScratchDatabase, scratchDatabase } from '@plaza/kernel/scratch-database'
import type { PostFacts } from '@plaza/posts/contract'
import { asking } from '@plaza/testing'
import type { Client } from 'pg'
import { timelinesService } from '../src/service.ts'
import { trendingCheck } from '../src/trending-check.ts'
import { giveVoices } from '../src/trending-feed.ts'
import { trendingPersonal } from '../src/trending-personal.ts'
import { sumOf, voiceAt } from '../src/trending-score.ts'
import { dropOld } from '../src/trending-upkeep.ts'
import { type PostsEvent, workOf } from '../src/trending-voices.ts'

const hour = 3_600_000
const noon = Date.UTC(2026, 5, 1, 12)
const never = new AbortController().signal
let scratch: ScratchDatabase
let db: Db
let owner: Client
before(async () => {
  scratch = await scratchDatabase()
  db = await scratch.open({ name: 'timelines', migrations: timelinesService.migrations })
  owner = await scratch.connect()
})
after(() => scratch[Symbol.asyncDispose]())
beforeEach(() => owner.query('truncate timelines.trends, timelines.voices, timelines.tag_posts'))

const person = (): UserId => newId('user', 0)
// An id of that time, whatever ids were made before.
const postAt = (at: number): PostId => `post_${lowestIdAt(at).slice(0, 12)}${newId('post', 0).slice(-14)}`
const ana = person()
const event = (type: PostsEvent['type'], data: object, at: number) =>
  ({ id: 'event_1', type, stream: ana, version: 1, data, at: new Date(at) }) as PostsEvent

/** Has the effect of events that are all about one post of Ana's with these tags. */
async function hear(
  post: PostId,
  events: readonly PostsEvent[],
  tags: readonly string[] = [],
): Promise<void> {
  const facts = { id: post, authorId: ana, visibility: 'public', replyTo: null, tags } as unknown as PostFacts
  const known = { authors: new Map([[post, ana]]), written: new Map([[post, facts]]) }
  await db.transaction(tx => giveVoices(tx, workOf(events, known)))
}
const like = (post: PostId, by: UserId, at = noon) =>
  event('liked', { postId: post, authorId: ana, userId: by }, at)
const write = (post: PostId, by: UserId, at = noon) =>
  event('posted', { postId: post, authorId: by, visibility: 'public' }, at)
const vanish = (post: PostId) => event('deleted', { postId: post, authorId: ana }, noon)

interface Trend {
  subject: string
  score: number
  people_count: number
  post_count: number
}
async function trends(): Promise<Trend[]> {
  const { rows } = await owner.query<Trend>(
    `select subject, score, people_count, post_count from timelines.trends
     where gone_at is null order by score desc, subject`,
  )
  return rows
}
const order = async () => (await trends()).map(({ subject }) => subject)
const near = (a: number, b: number) => assert.ok(a === b || Math.abs(a - b) < 1e-9, `${a} is not ${b}`)
async function breaches(): Promise<string[]> {
  const { breaches, checked, next } = await trendingCheck(db).look(undefined, asking())
  assert.equal(next, null)
  assert.equal(checked, (await trends()).length)
  return breaches.map(({ id, detail }) => `${id} ${detail}`)
}

test('what was loud a day ago is below what a few like now', async () => {
  const [old, young, older] = [postAt(noon), postAt(noon), postAt(noon)]
  for (let i = 0; i < 15; i++) await hear(old, [like(old, person())])
  await hear(older, [like(older, person(), noon - 7 * hour), like(older, person(), noon - 7 * hour)])
  assert.deepEqual(await order(), [old, older])
  await hear(young, [like(young, person(), noon + 24 * hour)])
  assert.deepEqual(await order(), [young, old, older])
  const [first, second, third] = await trends()
  near(first!.score, voiceAt(noon + 24 * hour))
  near(second!.score, voiceAt(noon) + Math.log2(15))
  near(third!.score, voiceAt(noon - 7 * hour) + 1)
  assert.deepEqual(await breaches(), [])
})

test('sums in the database are those of the pure functions, in one batch or in many', async () => {
  const [one, many] = [postAt(noon), postAt(noon)]
  const at = Array.from({ length: 60 }, (_, i) => noon + ((i * 37) % 60) * 2 * hour)
  const likers = at.map(person)
  await hear(
    one,
    at.map((time, i) => like(one, likers[i]!, time)),
  )
  for (const [i, time] of at.entries()) await hear(many, [like(many, likers[i]!, time)])
  for (const { score, people_count } of await trends()) {
    near(score, sumOf(at.map(voiceAt)))
    assert.equal(people_count, 60)
  }
})

test('events that come again change nothing', async () => {
  const post = postAt(noon)
  const events = [write(post, ana), like(post, person()), like(post, person())]
  await hear(post, events, ['a', 'b'])
  const were = await trends()
  assert.equal(were.length, 3)
  for (let i = 0; i < 3; i++) await hear(post, events, ['a', 'b'])
  assert.deepEqual(await trends(), were)
  await hear(post, [vanish(post)])
  await hear(post, [vanish(post)])
  assert.deepEqual(await trends(), [])
})

test('a voice that was on its way when a post was deleted does not bring it back', async () => {
  const post = postAt(noon)
  await hear(post, [like(post, person())])
  await hear(post, [vanish(post)])
  await hear(post, [like(post, person())])
  assert.deepEqual(await trends(), [])
  assert.deepEqual(await breaches(), [])
})

test('two who speak at the same moment are both heard', async () => {
  const posts = Array.from({ length: 20 }, () => postAt(noon))
  const speak = async (by: UserId, list: readonly PostId[]) => {
    for (const post of list) {
      const own = postAt(noon)
      await hear(own, [write(own, by)], list === posts ? ['a', 'b', 'c'] : ['c', 'b', 'a'])
      await hear(post, [like(post, by)])
    }
  }
  await Promise.all([speak(person(), posts), speak(person(), posts.toReversed()), speak(person(), posts)])
  for (const { subject, people_count } of await trends())
    assert.equal(people_count, 3, `${subject} has ${people_count} people`)
  assert.deepEqual(await breaches(), [])
})

test('upkeep drops voices and uses of a week ago in steps, what nobody speaks for, and what is long gone', async () => {
  const [old, both] = [postAt(noon), postAt(noon)]
  const late = noon + 8 * 24 * hour
  const gone = postAt(noon)
  const speakers = Array.from({ length: 1_500 }, person)
  await hear(
    old,
    speakers.map(by => like(old, by)),
  )
  await hear(both, [like(both, person()), like(both, person(), late)])
  await hear(old, [write(old, ana)], ['then'])
  const now = postAt(late)
  await hear(now, [write(now, ana, late)], ['then', 'now'])
  await hear(gone, [vanish(gone)])
  await owner.query(
    `update timelines.trends set gone_at = now() - interval '2 hours' where gone_at is not null`,
  )
  const dropped = await dropOld(db, late - 7 * 24 * hour, never)
  assert.deepEqual(dropped, { voices: 1_501, uses: 1, gone: 1 })
  assert.deepEqual((await trends()).map(each => [each.subject, each.people_count, each.post_count]).sort(), [
    ['#now', 1, 1],
    ['#then', 1, 1],
    [both, 1, 0],
  ])
  for (const { score } of await trends()) near(score, voiceAt(late))
  assert.deepEqual(await breaches(), [])
  assert.deepEqual(await dropOld(db, late - 7 * 24 * hour, never), { voices: 0, uses: 0, gone: 0 })
})

test('an upkeep beside those who speak leaves every sum right', async () => {
  const posts = Array.from({ length: 10 }, () => postAt(noon))
  const late = noon + 8 * 24 * hour
  for (const post of posts) await hear(post, [write(post, ana), like(post, person())], ['a', 'b'])
  const speak = async (by: UserId) => {
    for (const post of posts) {
      const own = postAt(late)
      await hear(own, [write(own, by, late)], ['b', 'a'])
      await hear(post, [like(post, by, late)])
    }
  }
  await Promise.all([
    speak(person()),
    dropOld(db, late - hour, never),
    speak(person()),
    dropOld(db, late - hour, never),
  ])
  assert.deepEqual(await breaches(), [])
})

test('what was broken by hand is found, by the name of what it is', async () => {
  const post = postAt(noon)
  await hear(post, [write(post, ana), like(post, person()), like(post, person())], ['a'])
  assert.deepEqual(await breaches(), [])
  const broken = async (query: string, found: RegExp) => {
    await owner.query('create temporary table kept as table timelines.trends')
    await owner.query(query)
    const [breach, ...more] = await breaches()
    assert.match(breach ?? 'none was found', found)
    assert.deepEqual(more, [])
    await owner.query('truncate timelines.trends')
    await owner.query('insert into timelines.trends table kept')
    await owner.query('drop table kept')
    assert.deepEqual(await breaches(), [])
  }
  await broken(
    `update timelines.trends set score = score + 0.001 where subject like 'post%'`,
    /^post_\w+ has score .* sum up to/,
  )
  await broken(
    `update timelines.trends set people_count = 5 where subject like 'post%'`,
    /^post_\w+ counts 5 people, and has voices of 2$/,
  )
  await broken(
    `update timelines.trends set post_count = 7 where subject = '#a'`,
    /^#a counts 7 posts, and has 1$/,
  )
  await owner.query(`delete from timelines.voices where subject = '#a'`)
  assert.match((await breaches()).join(), /^#a has score .* sum up to -Infinity; counts 1 people/)
})

test('a person can read what is held of them', async () => {
  const post = postAt(noon)
  const reader = person()
  await hear(post, [like(post, reader)])
  const personal = trendingPersonal(db)
  assert.deepEqual(await personal.export(reader, undefined, asking()), {
    records: [{ kind: 'trending-voice', data: { for: post, at: '2026-06-01T12:00:00.000Z' } }],
    next: null,
  })
  for (let i = 0; i < 600; i++) {
    const other = postAt(noon)
    await hear(other, [like(other, reader, noon + i * hour)])
  }
  const first = await personal.export(reader, undefined, asking())
  const second = await personal.export(reader, first.next!, asking())
  assert.equal(
    new Set([...first.records, ...second.records].map(each => JSON.stringify(each.data))).size,
    601,
  )
})

test('erasing takes back what their tags said, and makes the rest nobody’s; every sum stays right', async () => {
  const [theirs, others] = [postAt(noon), postAt(noon)]
  const [erased, other] = [person(), person()]
  await hear(theirs, [write(theirs, erased)], ['theirs', 'shared'])
  await hear(others, [write(others, other)], ['shared'])
  await hear(others, [like(others, erased)])
  const personal = trendingPersonal(db)
  assert.deepEqual(await personal.erase(erased, asking()), {
    done: true,
    erased: { trendingTags: 2, trendingVoices: 1 },
  })
  assert.deepEqual((await trends()).map(each => [each.subject, each.people_count, each.post_count]).sort(), [
    ['#shared', 1, 1],
    [others, 1, 0],
  ])
  assert.deepEqual(await breaches(), [])
  for (const table of ['voices', 'tag_posts']) {
    const { rowCount } = await owner.query(`select from timelines.${table} where person_id = $1`, [
      toUuid(erased),
    ])
    assert.equal(rowCount, 0)
  }
  assert.deepEqual((await personal.erase(erased, asking())).erased, { trendingTags: 0, trendingVoices: 0 })
  // Told late: it changes nothing.
  await hear(theirs, [event('deleted', { postId: theirs, authorId: erased }, noon)])
  assert.deepEqual(await breaches(), [])
})

test('erasing goes in steps until it is done', async () => {
  const erased = person()
  for (let i = 0; i < 45; i++) {
    const post = postAt(noon)
    await hear(post, [write(post, erased, noon + i * hour)], ['a', 'b', 'c', 'd', `e${i}`])
  }
  const personal = trendingPersonal(db)
  const steps: number[] = []
  for (let done = false; !done; ) {
    const step = await personal.erase(erased, asking())
    done = step.done
    steps.push(step.erased.trendingTags!)
  }
  assert.deepEqual(steps, [200, 25])
  assert.deepEqual(await trends(), [])
})
