import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Access, contract, errorCode, NoInput, Nothing, query } from '../contract/index.ts'
import { checkContracts, checkHandlers } from './check-contracts.ts'

const read = (route?: `GET /${string}`) =>
  query({ ...(route && { route }), access: 'public', input: NoInput, output: Nothing })

test('two operations that share a route are refused, whatever their parameters are called', () => {
  const birds = contract('birds', { get: read('GET /birds/:id') })
  const nests = contract('nests', { get: read('GET /birds/:bird') })
  assert.throws(
    () => checkContracts([birds, nests]),
    /nests\.get and birds\.get share the route GET \/birds\/:/,
  )
  checkContracts([birds, contract('eggs', { get: read('GET /birds/:id/eggs') })])
})

test('two contracts of one name are refused', () => {
  assert.throws(
    () => checkContracts([contract('birds', {}), contract('birds', {})]),
    /two contracts are named birds/,
  )
})

test('an error code that means two things is refused', () => {
  const fails = (title: string) => [errorCode('bird-not-found', 'not-found', title)]
  const one = contract('one', {
    get: query({ access: 'public', input: NoInput, output: Nothing, fails: fails('No bird') }),
  })
  const two = contract('two', {
    get: query({ access: 'public', input: NoInput, output: Nothing, fails: fails('Nothing') }),
  })
  assert.throws(() => checkContracts([one, two]), /two\.get declares bird-not-found otherwise than elsewhere/)
})

test('an operation that names no access is refused', () => {
  const open = query({ access: '' as Access, input: NoInput, output: Nothing })
  assert.throws(() => contract('birds', { get: open }), /birds\.get names no access/)
})

test('a missing handler and one too many are refused', () => {
  const birds = contract('birds', { get: read(), list: read() })
  assert.throws(() => checkHandlers(birds, { get: () => null }), /birds has no handler for list/)
  const all = { get: () => null, list: () => null, sing: () => null }
  assert.throws(() => checkHandlers(birds, all), /birds has handlers for no operation: sing/)
})
