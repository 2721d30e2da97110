import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toUuid } from '@plaza/kernel/data'
import { kernelOf } from '@plaza/kernel/service'
import { asking } from '@plaza/testing'
import { analytics } from '../src/contract.ts'
import { dayOf } from '../src/day.ts'
import { openSquare, somebody } from './square.ts'

const today = () => dayOf(new Date())

async function verified(square: Awaited<ReturnType<typeof openSquare>>) {
  return square.plaza.call(kernelOf(analytics)).$verify({ check: 'active-people' }, asking())
}

test('who is erased leaves a number and no row, also when it is done twice', async () => {
  await using square = await openSquare()
  const [ana, bo] = [somebody(), somebody()]
  await square.post(ana)
  await square.post(bo)
  await square.untilCounted(today(), { posts: 2, activePeople: 2 })
  const kernel = square.plaza.call(kernelOf(analytics))
  const step = await kernel.$erasePerson({ person: ana }, asking())
  assert.equal(step.done, true)
  await kernel.$erasePerson({ person: ana }, asking())
  const { rows } = await square.owner.query('select user_id from analytics.active_people')
  assert.deepEqual(rows, [{ user_id: toUuid(bo) }])
  await square.untilCounted(today(), { posts: 2, activePeople: 2 })
  assert.deepEqual(await verified(square), { checked: 1, breaches: [], next: null })
  assert.deepEqual(await kernel.$exportPerson({ person: bo }, asking()), { records: [], next: null })
})

test('who was active is forgotten once nothing was added to the day for two days; the number stays', async () => {
  await using square = await openSquare()
  // More than one step, of days of which one was added to lately.
  await square.owner.query(`
    insert into analytics.active_people
      select gen_random_uuid(), day from generate_series(1, 2500), unnest(array[date '2026-01-02', '2026-01-03', '2026-01-04']) day;
    insert into analytics.days
      select day, what, 2500, now() - interval '49 hours'
      from unnest(array[date '2026-01-02', '2026-01-03', '2026-01-04']) day, unnest('{posts,activePeople}'::text[]) what;
    update analytics.days set changed_at = now() where day = '2026-01-03' and what = 'posts';
    update analytics.jobs set due_at = now()`)
  await using _beside = await square.openBeside()
  while ((await square.owner.query(`select from analytics.finished_jobs`)).rowCount === 0)
    await new Promise(setImmediate)
  const { rows } = await square.owner.query(
    'select day::text, count(*)::int from analytics.active_people group by day',
  )
  assert.deepEqual(rows, [{ day: '2026-01-03', count: 2500 }])
  assert.deepEqual(await verified(square), { checked: 3, breaches: [], next: null })
  const { items } = await square.listDays({ from: '2026-01-02', to: '2026-01-04' })
  assert.deepEqual(
    items.map(each => each.activePeople),
    [2500, 2500, 2500],
  )
})

test('of a day whose people were forgotten nobody is counted a second time', async () => {
  await using square = await openSquare()
  const day = `${today().slice(0, 8)}02`
  await square.owner.query(
    `insert into analytics.days select $1, what, 1 from unnest('{posts,activePeople,forgotten}'::text[]) what`,
    [day],
  )
  await square.registerAt(`${day}T12:00:00Z`)
  await square.untilCounted(day, { posts: 1, registrations: 1, activePeople: 1 })
})

test('a number of active people that is not theirs is found', async () => {
  await using square = await openSquare()
  await square.post(somebody())
  await square.untilCounted(today(), { posts: 1, activePeople: 1 })
  await square.owner.query(`update analytics.days set count = 3 where what = 'activePeople'`)
  assert.deepEqual(await verified(square), {
    checked: 1,
    breaches: [{ id: today(), detail: 'counts 3 active people, and has 1 to show for it' }],
    next: null,
  })
})
