import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { open, seal } from './sealing.ts'

const secret = 'a secret of at least thirty-two characters'

test('what was sealed opens again, whatever it is', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.string(), (plaintext, material) => {
      const sealed = seal(secret, 'a test', material, plaintext)
      assert.deepEqual(new Uint8Array(open(secret, 'a test', material, sealed)), plaintext)
    }),
  )
})

test('text is sealed as UTF-8', () => {
  assert.equal(open(secret, 'a test', 'm', seal(secret, 'a test', 'm', 'žába')).toString(), 'žába')
})

test('another secret, purpose or material, or one bit changed, opens nothing', () => {
  const sealed = seal(secret, 'a test', 'material', 'plaintext')
  assert.throws(() => open(`${secret}!`, 'a test', 'material', sealed))
  assert.throws(() => open(secret, 'another', 'material', sealed))
  assert.throws(() => open(secret, 'a test', 'materia', sealed))
  for (let i = 0; i < sealed.length; i++) {
    const changed = Buffer.from(sealed)
    changed[i]! ^= 1
    assert.throws(() => open(secret, 'a test', 'material', changed), `byte ${i}`)
  }
  assert.throws(() => open(secret, 'a test', 'material', sealed.subarray(0, 20)), /Not something sealed/)
})

test('the same plaintext never looks the same twice', () => {
  assert.notDeepEqual(seal(secret, 'a', 'b', 'c'), seal(secret, 'a', 'b', 'c'))
})
