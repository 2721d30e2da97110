import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { UserId } from '@plaza/kernel/contract'
import { openSquare, type Square, until } from './square.ts'

let square: Square
before(async () => {
  square = await openSquare()
})
after(() => square.close())

test('people are found by the beginnings of their names, by a word of their bio, and in spite of a slip', async () => {
  await square.person('ana_lopez', 'Ana López', 'bakes sourdough')
  await square.person('anabel', 'Anabel Ortiz')
  await square.person('wei', '王小明')
  await square.person('bohumil', 'Ana Novák')
  await square.caughtUp()
  assert.equal((await square.findPeople('ana_lopez'))[0], 'ana_lopez')
  assert.equal((await square.findPeople('@ana_lopez'))[0], 'ana_lopez')
  assert.deepEqual((await square.findPeople('ana')).sort(), ['ana_lopez', 'anabel', 'bohumil'])
  assert.deepEqual(await square.findPeople('lop'), ['ana_lopez'])
  assert.deepEqual(await square.findPeople('ana lopez'), ['ana_lopez'])
  assert.deepEqual(await square.findPeople('LÓPEZ'), ['ana_lopez'])
  assert.deepEqual(await square.findPeople('sourd'), ['ana_lopez'])
  assert.deepEqual(await square.findPeople('小明'), ['wei'])
  for (const slip of ['anabell', 'anbel', 'annabel', 'amabel', 'ortis', 'naabel'])
    assert.deepEqual(await square.findPeople(slip), ['anabel'], slip)
  assert.deepEqual(await square.findPeople('ana -novak -ortiz'), ['ana_lopez'])
  assert.deepEqual(await square.findPeople('zzzz'), [])
})

test('the exact name stands first, then who begins so, then words and bios; of equals the better known', async () => {
  const ids = [
    await square.person('mira', 'Somebody'),
    await square.person('mirabel', 'Somebody'),
    await square.person('mirador', 'Somebody'),
    await square.person('tom', 'Tom Miranda'),
    await square.person('tim', 'Tim', 'a friend of miras'),
  ]
  await square.users.setFollowers(ids[2]!, 1_000)
  await square.users.setFollowers(ids[4]!, 1_000_000)
  await until(async () => (await square.findPeople('mira'))[1] === 'mirador')
  await square.caughtUp()
  assert.deepEqual(await square.findPeople('mira'), ['mira', 'mirador', 'mirabel', 'tom', 'tim'])
})

test('a new name is found, the old one is not; who is gone is not, whatever is told of them later', async () => {
  const id = await square.person('felix', 'Felix Oldname')
  await square.users.edit(id, { displayName: 'Felix Newname' })
  await square.caughtUp()
  assert.deepEqual(await square.findPeople('oldname'), [])
  assert.deepEqual(await square.findPeople('newname'), ['felix'])
  await square.auth.tellErased(id)
  const held = async () =>
    (await square.owner.query(`select from search.people where username = 'felix'`)).rows
  await until(async () => (await held()).length === 0)
  await square.users.setFollowers(id, 5)
  await square.caughtUp()
  assert.equal((await held()).length, 0)
})

test('who blocked the viewer and who is suspended is not found; pages hold everybody once, there and back', async () => {
  const ids: UserId[] = []
  for (let n = 0; n < 23; n++) ids.push(await square.person(`pager_${n}`, 'Pager'))
  const [first, second, viewer] = ids
  square.relate('block', first!, viewer!)
  square.suspended.add(second!)
  await square.caughtUp()
  const expected = ids.slice(2).sort()
  for (const limit of [1, 7, 100]) {
    const seen: string[] = []
    let page = await square.peoplePage('pager', { limit, as: viewer! })
    seen.push(...page.items.map(each => each.id))
    while (page.nextCursor !== null) {
      page = await square.peoplePage('pager', { limit, as: viewer!, cursor: page.nextCursor })
      seen.push(...page.items.map(each => each.id))
    }
    assert.deepEqual(seen.toSorted(), expected)
    const [start] = seen
    while (page.prevCursor !== null && page.items[0]?.id !== start)
      page = await square.peoplePage('pager', { limit, as: viewer!, cursor: page.prevCursor })
    assert.equal(page.items[0]!.id, start)
  }
})
