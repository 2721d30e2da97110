import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { newId, newUuid, shardOf, timeOf } from './new-id.ts'
import { idPattern, toId, toUuid } from './typeid.ts'

test('the TypeID of the specification comes out as written there', () => {
  assert.equal(toId('user', '01890a5d-ac96-774b-bcce-b302099a8057'), 'user_01h455vb4pex5vsknk084sn02q')
  assert.equal(toId('user', 'ffffffff-ffff-ffff-ffff-ffffffffffff'), 'user_7zzzzzzzzzzzzzzzzzzzzzzzzz')
  assert.equal(toId('user', '00000000-0000-0000-0000-000000000000'), 'user_00000000000000000000000000')
})

test('every UUID comes back from its TypeID, in the same order', () => {
  fc.assert(
    fc.property(fc.uuid(), fc.uuid(), (a, b) => {
      const [x, y] = [toId('post', a), toId('post', b)]
      assert.equal(toUuid(x), a)
      assert.match(x, new RegExp(idPattern('post')))
      assert.equal(x < y, a < b)
    }),
  )
})

test('an id tells its shard and its time, and later ids sort later', () => {
  const before = Date.now()
  let last = ''
  for (let shard = 0; shard < 1024; shard++) {
    const id = newId('post', shard)
    assert.equal(shardOf(id), shard)
    assert.ok(timeOf(id) >= before)
    assert.ok(id > last)
    last = id
  }
})

test('ids of one millisecond keep their order, also past 4,096 of them and when the clock goes back', () => {
  const now = Date.now() + 60_000
  let last = ''
  for (let i = 0; i < 10_000; i++) {
    const uuid = newUuid(3, i % 2 === 0 ? now : now - 5_000)
    assert.ok(uuid > last)
    last = uuid
  }
})
