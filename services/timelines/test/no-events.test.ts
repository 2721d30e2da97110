import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { deriveContext, makeCall } from '@plaza/kernel/call'
import type { UserId } from '@plaza/kernel/contract'
import { asking, type BootedServices, bootServices } from '@plaza/testing'
import { timelines } from '../src/contract.ts'
import { timelinesWith } from '../src/service.ts'
import { silentNeighbours } from './silent-neighbours.ts'

// No event ever comes, so whatever shows at once was not waited for.
const others = silentNeighbours()
let booted: BootedServices
let ana: UserId
before(async () => {
  booted = await bootServices([...others.services, timelinesWith({ capacity: 6 })])
})
after(() => booted[Symbol.asyncDispose]())
beforeEach(() => {
  ana = others.person()
})

async function read(list: 'home' | 'public', id: UserId, page = {}) {
  const client = makeCall(booted.host.dispatcher)(timelines)
  return client[list](page, deriveContext(asking(id), { caller: 'edge' }))
}
const texts = async (list: 'home' | 'public', id: UserId) =>
  (await read(list, id, { limit: 100 })).items.filter(post => post.author.id === id).map(post => post.text)

for (const list of ['home', 'public'] as const) {
  test(`${list}: own posts, edits and deletions show though nothing was heard of them`, async () => {
    const first = others.post(ana, 'first')
    assert.deepEqual(await texts(list, ana), ['first'])
    others.edit(first, 'first, edited')
    assert.deepEqual(await texts(list, ana), ['first, edited'])
    const second = others.post(ana, 'second')
    others.post(ana, 'third')
    assert.deepEqual(await texts(list, ana), ['third', 'second', 'first, edited'])
    others.delete(second)
    assert.deepEqual(await texts(list, ana), ['third', 'first, edited'])
    others.edit(first, 'again')
    assert.deepEqual(await texts(list, ana), ['third', 'again'])
  })
}

test('many own posts at once show, in full pages down to the first', async () => {
  await read('home', ana)
  for (let i = 0; i < 40; i++) others.post(ana, `${i}`)
  assert.deepEqual(
    await texts('home', ana),
    Array.from({ length: 40 }, (_, i) => `${39 - i}`),
  )
})

test("others' older posts show with the follow that moved the relations' version", async () => {
  const ben = others.person()
  for (let i = 0; i < 10; i++) others.post(ben, `${i}`)
  assert.deepEqual((await read('home', ana)).items, [])
  others.follow(ana, ben)
  assert.equal((await read('home', ana)).items.length, 10)
})

test('what the inbox holds is read without asking the database', async () => {
  for (let i = 0; i < 2; i++) others.post(ana, `${i}`)
  await read('home', ana)
  const before = others.pagesRead()
  assert.equal((await read('home', ana, { limit: 1 })).items.length, 1)
  assert.equal((await read('home', ana, { limit: 20 })).items.length, 2)
  assert.equal(others.pagesRead(), before)
})
