import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newUuid } from '@plaza/kernel/data'
import { hashOf, RefreshTokens } from './refresh-token.ts'

const tokens = new RefreshTokens('a secret of at least thirty-two characters')
const others = new RefreshTokens('another secret of at least thirty-two characters')

test('a token is read as it was written', () => {
  const token = tokens.first(newUuid(7))
  assert.deepEqual(tokens.read(tokens.write(token)), token)
})

test('a token that is made up, changed, cut or of another Plaza is none of ours', () => {
  const token = tokens.first(newUuid(7))
  const text = tokens.write(token)
  const bytes = Buffer.from(text, 'base64url')
  for (let i = 0; i < bytes.length; i++) {
    const changed = Buffer.from(bytes)
    changed[i]! ^= 1
    assert.equal(tokens.read(changed.toString('base64url')), undefined, `byte ${i}`)
  }
  for (const made of ['', 'x', text.slice(1), `${text}x`, `${text.slice(0, -1)}=`, others.write(token)])
    assert.equal(tokens.read(made), undefined)
})

test('the successor is always the same, follows only with the secret, and is none of its predecessors', () => {
  const first = tokens.first(newUuid(7))
  const second = tokens.successor(first)
  assert.deepEqual(tokens.successor(first), second)
  assert.notDeepEqual(others.successor(first), second)
  assert.equal(second.sessionId, first.sessionId)
  const seen = new Set<string>()
  let token = first
  for (let i = 0; i < 100; i++) {
    seen.add(hashOf(token).toString('hex'))
    token = tokens.successor(token)
  }
  assert.equal(seen.size, 100)
})

test('what is kept of a token is not the token', () => {
  const token = tokens.first(newUuid(7))
  assert.ok(!tokens.write(token).includes(hashOf(token).toString('base64url').slice(0, 20)))
})
