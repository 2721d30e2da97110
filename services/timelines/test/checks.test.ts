import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { deriveContext, makeCall } from '@plaza/kernel/call'
import { kernelOf } from '@plaza/kernel/service'
import { asking, type BootedServices, bootServices } from '@plaza/testing'
import { timelines } from '../src/contract.ts'
import { timelinesWith } from '../src/service.ts'
import { silentNeighbours } from './silent-neighbours.ts'

// Nothing is heard, so what changes behind an inbox's back stays different.
const others = silentNeighbours()
let booted: BootedServices
before(async () => {
  booted = await bootServices([...others.services, timelinesWith({ capacity: 8 })])
})
after(() => booted[Symbol.asyncDispose]())

const minute = 60_000
const look = async () => {
  const answer = await booted.call(kernelOf(timelines)).$verify({ check: 'inboxes' }, asking())
  return { ...answer, breaches: answer.breaches.map(breach => breach.id) }
}

test('an inbox that has what the database has not, or lacks what it has, is found, and named by its owner', async () => {
  const [ana, ben, cid] = [others.person(), others.person(), others.person()]
  const home = (id = ana) =>
    makeCall(booted.host.dispatcher)(timelines).home({}, deriveContext(asking(id), { caller: 'edge' }))
  for (const id of [ana, cid]) others.follow(id, ben)
  const post = others.post(ben, 'one', { ago: 3 * minute })
  others.repost(ben, post, 2 * minute)
  for (let i = 0; i < 9; i++) others.post(ben, `${i}`, { ago: 4 * minute })
  for (const id of [ana, cid, others.person()]) await home(id)
  assert.deepEqual(await look(), { checked: 3, breaches: [], next: null })

  // What is new may be on its way, and what is deleted is found out when it is to be shown.
  others.post(ben, 'just now')
  others.delete(others.post(ben, 'deleted', { ago: minute }))
  assert.deepEqual((await look()).breaches, [])

  others.loseRepost(ben, post)
  assert.deepEqual((await look()).breaches.sort(), [ana, cid].sort())
  others.repost(ben, post, 2 * minute)
  assert.equal((await look()).breaches.length, 2, 'another repost than the inboxes have')
})

test('what an inbox lacks is found', async () => {
  const [ana, ben] = [others.person(), others.person()]
  others.follow(ana, ben)
  await makeCall(booted.host.dispatcher)(timelines).home({}, deriveContext(asking(ana), { caller: 'edge' }))
  assert.ok(!(await look()).breaches.includes(ana))
  others.post(ben, 'never told', { ago: minute })
  assert.ok((await look()).breaches.includes(ana))
})
