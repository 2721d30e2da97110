import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attempts, networkOf } from './log-in-throttle.ts'

test('a network is one IPv4 address or 64 bits of an IPv6 one, however it is written', () => {
  assert.equal(networkOf('192.0.2.7'), '192.0.2.7')
  assert.equal(networkOf('::ffff:192.0.2.7'), '192.0.2.7')
  assert.equal(networkOf('2001:db8:0:1:a:b:c:d'), '2001:db8:0:1')
  assert.equal(networkOf('2001:DB8:0:1::9'), '2001:db8:0:1')
  assert.equal(networkOf('2001:0db8::1:0:0:9'), '2001:db8:0:0')
  assert.equal(networkOf('::1'), '0:0:0:0')
  assert.equal(networkOf('fe80::1%eth0'), 'fe80:0:0:0')
})

test('attempts of one log-in share what is counted anywhere, those of one network what is counted there, and no key names them', () => {
  const of = attempts('a secret of at least thirty-two characters', 20)
  const [a, b, c] = [of('ana', '192.0.2.7'), of('ana', '192.0.2.8'), of('ben', '192.0.2.7')]
  assert.deepEqual(a.anywhere, b.anywhere)
  assert.deepEqual(a.network, c.network)
  const keys = [a, b, c].flatMap(each => [each.pair, each.network, each.anywhere])
  assert.equal(new Set(keys.map(key => key.toString('hex'))).size, 7)
  const elsewhere = attempts('another secret of at least thirty-two characters', 20)('ana', '192.0.2.7')
  assert.notDeepEqual(elsewhere.anywhere, a.anywhere)
})
