import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { toUuid } from '@plaza/kernel/data'
import { kernelOf } from '@plaza/kernel/service'
import { privacy } from '../src/contract.ts'
import { openRig, type Rig } from './rig.ts'

let rig: Rig
before(async () => {
  rig = await openRig({ sweepAfter: 200 })
})
after(() => rig[Symbol.asyncDispose]())

test('what was in flight is swept up', async () => {
  const ana = await rig.addPerson()
  rig.first.add(ana.id, 'before')
  let isLate = false
  rig.second.hooks.after = async (what, person) => {
    // After posts was done with, somebody's last request comes to its end there.
    if (what === 'erase' && person === ana.id && !isLate) {
      isLate = true
      rig.first.add(ana.id, 'late')
    }
  }
  const { jobId } = await rig.edge.eraseMe({}, ana.context)
  await rig.ended(ana, jobId)
  await rig.until(() => rig.first.of(ana.id).length === 0 && isLate)
  await rig.until(async () => {
    const { rows } = await rig.owner.query('select swept_at from privacy.erasures where user_id = $1', [
      toUuid(ana.id),
    ])
    return rows[0].swept_at !== null
  })
  const counts = await rig.owner.query('select from privacy.erasure_counts')
  assert.equal(counts.rowCount, 0)
})

test('the check finds what is left of somebody who was erased, and nothing when nothing is', async () => {
  const erased = [await rig.addPerson(), await rig.addPerson()]
  for (const person of erased) {
    rig.first.add(person.id, 'something')
    await rig.edge.eraseMe({}, person.context)
  }
  await rig.until(async () => {
    const left = await rig.owner.query('select from privacy.erasures where swept_at is null')
    return left.rowCount === 0
  })
  const look = () => rig.plaza.call(kernelOf(privacy)).$verify({ check: 'erased' }, rig.asService())
  assert.deepEqual(await look(), { checked: 3, breaches: [], next: null })
  rig.second.add(erased[1]!.id, 'a copy from nowhere')
  const { breaches } = await look()
  assert.deepEqual(breaches, [{ id: erased[1]!.id, detail: 'search has a thing' }])
})
