import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Address } from './address.ts'
import { TokenSigner } from './token.ts'

test('who cannot be reached is left alone for ever longer, but may be tried soon when no other is left', () => {
  const address = openAddress()
  let now = 1_000
  for (const aside of [50, 100, 200, 400, 800, 1_600, 2_000, 2_000]) {
    address.putAside(now, false)
    assert.equal(address.isAside(now + aside - 1), true)
    assert.equal(address.isAside(now + aside), false)
    assert.deepEqual([address.mayBeTried(now + 49), address.mayBeTried(now + 50)], [false, true])
    now += aside
  }
})

test('who does not even refuse is not tried sooner than its time', () => {
  const address = openAddress()
  address.putAside(1_000, true)
  assert.equal(address.mayBeTried(1_000_000), false)
  assert.equal(address.isAside(1_050), false)
})

function openAddress(): Address {
  const signer = new TokenSigner('a secret of these tests alone, long enough', 'test')
  return new Address('http://127.0.0.1:1', '127.0.0.1', { service: 'birds', client: 'test', signer })
}
