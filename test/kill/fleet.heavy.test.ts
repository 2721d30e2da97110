import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { type FleetRound, runFleetKills } from './fleet-run.ts'

// `npm run kill -- --fleet` does thirty of them.
test('after kill -9 of any process of a fleet under load everything answered is there, once, others went on, and the fleet is whole again', {
  timeout: 600_000,
}, async context => {
  const seed = randomInt(2 ** 31)
  context.diagnostic(`seed ${seed}`)
  const rounds: FleetRound[] = []
  await runFleetKills({ rounds: 4, seed, longest: 1_000, writers: 8 }, round => rounds.push(round))
  assert.equal(rounds.length, 4)
  assert.ok(
    rounds.every(each => each.answered > 0),
    'every round had load',
  )
  assert.ok(
    rounds.some(each => each.unsure + each.cutOff > 0),
    'some requests were cut off',
  )
  for (const { victim, answered, bystanders, readyMs } of rounds)
    context.diagnostic(
      `${victim}: ${answered} answered, ${bystanders} without it, whole after ${Math.round(readyMs)} ms`,
    )
})
