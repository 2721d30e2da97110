import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contract } from '@plaza/kernel/contract'
import { type Check, service } from '@plaza/kernel/service'
import { bootServices } from '@plaza/testing'
import { exitCodeOf, report } from './report.ts'
import { type Outcome, runChecks } from './run-checks.ts'

const birds = contract('birds', {})
const breach = (id: string) => ({ id, detail: `${id} is broken` })
const once = (looked: { checked: number; breaches: { id: string; detail: string }[] }) => ({
  promise: 'all is well',
  look: async () => ({ ...looked, next: null }),
})

/** Runs the checks of a service that really runs; the kernel's own are left out of the answer. */
async function run(checks: Record<string, Check>, { isAtWork = true, instances = 1, again = 50 } = {}) {
  const definition = service(birds, undefined, () => ({ handlers: {}, checks }))
  await using plaza = await bootServices([definition], { quiet: true })
  const progress: string[] = []
  const outcomes = await runChecks(
    [
      {
        service: 'birds',
        call: plaza.call,
        isAtWork,
        instances: Array.from({ length: instances }, () => plaza.call),
      },
    ],
    {
      again,
      onProgress: (_service, promise, checked) => progress.push(`${promise} ${checked}`),
    },
  )
  return { own: outcomes.filter(each => !each.check.startsWith('$')), outcomes, progress }
}

test('a check is looked through to its end, and the kernel’s own with it', async () => {
  const look: Check['look'] = async after => {
    const at = Number(after ?? 0)
    return { checked: 10, breaches: [], next: at < 3 ? String(at + 1) : null }
  }
  const { own, outcomes, progress } = await run({ eggs: { promise: 'eggs are round', look } })
  assert.deepEqual(own, [
    { service: 'birds', check: 'eggs', promise: 'eggs are round', checked: 40, breaches: [], isCut: false },
  ])
  assert.ok(progress.includes('eggs are round 30'))
  assert.deepEqual(
    outcomes.map(each => each.check).filter(each => each.startsWith('$')),
    ['$cursors', '$handled', '$level', '$letters', '$jobs'],
  )
  assert.equal(exitCodeOf(outcomes), 0)
})

test('only what is still broken when it is looked at again counts', async () => {
  const looks: number[] = []
  const look: Check['look'] = async () => {
    looks.push(performance.now())
    const mended = looks.length > 1
    return {
      checked: 2,
      breaches: mended ? [breach('b'), breach('c')] : [breach('a'), breach('b')],
      next: null,
    }
  }
  const { own } = await run({ eggs: { promise: 'eggs are round', look } }, { again: 200 })
  assert.deepEqual(own[0]!.breaches, [breach('b')])
  assert.equal(exitCodeOf(own), 1)
})

test('what cannot be checked is said, and is not taken for well', async () => {
  const look: Check['look'] = async () => {
    throw new Error('it broke')
  }
  const { own } = await run({ eggs: { promise: 'eggs are round', look } })
  assert.match(own[0]!.failure!, /went wrong/)
  assert.equal(exitCodeOf(own), 2)
  assert.equal(exitCodeOf([...own, { ...own[0]!, breaches: [breach('a')] }]), 1)
})

test('what only a process at work has, or does, is left when none can be asked', async () => {
  const checks: Record<string, Check> = {
    inboxes: { ...once({ checked: 1, breaches: [breach('a')] }), needs: 'memory' },
    timers: { ...once({ checked: 1, breaches: [breach('a')] }), needs: 'work' },
  }
  const leftOf = (outcomes: readonly Outcome[]) =>
    outcomes.flatMap(each => (each.left === undefined ? [] : [each.check]))
  const nowhere = await run(checks, { isAtWork: false, instances: 0 })
  assert.deepEqual(leftOf(nowhere.outcomes), ['$level', '$jobs', 'inboxes', 'timers'])
  assert.equal(exitCodeOf(nowhere.outcomes), 0)
  assert.deepEqual(leftOf((await run(checks, { instances: 0 })).outcomes), ['inboxes'])
  const { own } = await run(checks, { instances: 2 })
  assert.deepEqual(leftOf(own), [])
  assert.deepEqual(
    own.map(each => each.check),
    ['inboxes', 'inboxes', 'timers'],
    'each process is asked for what is in its memory',
  )
})

test('a service that is down could not be checked', async () => {
  await using plaza = await bootServices([])
  const subject = { service: 'birds', call: plaza.call, isAtWork: true, instances: [] }
  const outcomes = await runChecks([subject], { again: 50, onProgress: () => {} })
  assert.match(outcomes[0]!.failure!, /birds/)
  assert.equal(exitCodeOf(outcomes), 2)
})

test('the report has a line for each promise, and names the first twenty breaches', () => {
  const base = { service: 'birds', promise: 'eggs are round', checked: 12_345, breaches: [], isCut: false }
  const text = report([
    { ...base, check: 'eggs' },
    { ...base, check: 'nests', breaches: Array.from({ length: 25 }, (_, i) => breach(`egg ${i}`)) },
    { ...base, check: 'inboxes', checked: 0, left: 'nobody is at work' },
    { ...base, check: 'wings', checked: 0, failure: 'it broke' },
  ])
  assert.match(text, /^✔ {2}birds {2}eggs are round {8}12,345 checked$/m)
  assert.match(text, /^✖ .* 12,345 checked {4}25 breaches$/m)
  assert.match(text, /^– birds inboxes was not looked at: nobody is at work\.$/m)
  assert.match(text, /^! birds wings could not be checked: it broke$/m)
  assert.match(text, /^ {2}egg 19 {2}egg 19 is broken\n {2}… and 5 more$/m)
  assert.match(text, /2 of 4 promises were checked, 1 is broken, 1 could not be checked$/)
})
