import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '../../eventually.ts'
import { expectProblem, expectStatus } from '../expectations.ts'
import type { Page } from '../shapes.ts'
import type { Cases } from '../suite.ts'
import type { Person, World } from '../world.ts'

interface Day {
  readonly day: string
  readonly registrations: number
  readonly activePeople: number
  readonly posts: number
  readonly likes: number
}

/** On its own: it counts what everybody does. */
export const analytics: Cases = {
  'what happened is counted by day, each thing once': async world => {
    const admin = await world.admin()
    const before = await settled(world, admin)
    const [ana, ben] = await world.people('ana', 'ben')
    const post = await world.post(ana, 'counted')
    await world.post(ana, 'counted too')
    for (let n = 0; n < 3; n++)
      expectStatus(await world.api.put(`/posts/${post.id}/like`, undefined, { as: ben }), 204)
    await eventually(async () => {
      const now = await today(world, admin)
      const more = (what: keyof Omit<Day, 'day'>) => now[what] - before[what]
      assert.deepEqual(
        [more('registrations'), more('activePeople'), more('posts'), more('likes')],
        [2, 2, 2, 1],
      )
    }, 3_000)
  },
}

export const analyticsRefused: Cases = {
  'analytics are for ops, and days are days': async world => {
    const [admin, ana] = await Promise.all([world.admin(), world.person()])
    expectProblem(await world.api.get('/ops/analytics', { as: ana }), 403, 'forbidden')
    expectProblem(await world.api.get('/ops/analytics'), 401, 'unauthenticated')
    for (const day of ['yesterday', '2026-13-01', '2026-02-30', '1', ''])
      expectProblem(
        await world.api.get(`/ops/analytics?from=${day}`, { as: admin }),
        400,
        'invalid-input',
        '/from',
      )
    const { body } = expectStatus(
      await world.api.get<Page<Day>>('/ops/analytics?from=2001-01-01&to=2001-01-31', { as: admin }),
      200,
    )
    assert.equal(body.nextCursor, null)
  },
}

/** What is counted when nothing more comes: what others did before may be counted up to a second later. */
async function settled(world: World, admin: Person): Promise<Day> {
  for (let before = await today(world, admin); ; ) {
    await sleep(1_200)
    const now = await today(world, admin)
    if (JSON.stringify(now) === JSON.stringify(before)) return now
    before = now
  }
}

async function today(world: World, admin: Person): Promise<Day> {
  const { body } = expectStatus(await world.api.get<Page<Day>>('/ops/analytics?limit=1', { as: admin }), 200)
  const none = { registrations: 0, activePeople: 0, posts: 0, likes: 0 }
  return body.items[0] ?? { day: '', ...none }
}
