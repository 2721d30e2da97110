import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RefusedToken, TokenReader, TokenSigner } from './token.ts'

const secret = 'a secret for tests only, 32 letters'
const now = Date.UTC(2030, 0, 1)
const token = (at = now) => new TokenSigner(secret, 'gateway@a:1').authorization('posts', at)
const refuses = (authorization: string | undefined, why: RegExp, at = now) =>
  assert.throws(
    () => new TokenReader(secret).read(authorization, at),
    error => error instanceof RefusedToken && why.test(error.message),
  )

test('a token says who calls and which service is called', () => {
  const { iss, aud } = new TokenReader(secret).read(token(), now)
  assert.deepEqual([iss, aud], ['gateway@a:1', 'posts'])
})

test('one is used again for 15 seconds, for its own service only', () => {
  const signer = new TokenSigner(secret, 'a')
  const first = signer.authorization('posts', now)
  assert.equal(signer.authorization('posts', now + 14_000), first)
  assert.notEqual(signer.authorization('posts', now + 15_000), first)
  assert.notEqual(signer.authorization('users', now), first)
})

test('no token, no internal token, another secret: refused', () => {
  refuses(undefined, /there is none/)
  refuses('Bearer x', /no internal token/)
  refuses('Bearer a.b.c', /no internal token/)
  refuses(token().replace('Bearer', 'Basic'), /no internal token/)
  refuses(new TokenSigner('another secret of 32 letters, too', 'a').authorization('posts', now), /signature/)
})

test('a token that was changed is refused, and so is one whose header names no signature', () => {
  const [head, body, signature] = token().slice('Bearer '.length).split('.') as [string, string, string]
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString())
  const forged = Buffer.from(JSON.stringify({ ...claims, aud: 'users' })).toString('base64url')
  refuses(`Bearer ${head}.${forged}.${signature}`, /signature/)
  refuses(`Bearer ${head}.${body}.`, /no internal token/)
  const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'plaza-rpc+jwt' })).toString('base64url')
  refuses(`Bearer ${none}.${body}.${signature}`, /no internal token/)
})

test('it expires after 30 seconds, also where it is remembered', () => {
  const reader = new TokenReader(secret)
  const sent = token()
  reader.read(sent, now + 29_000)
  assert.throws(() => reader.read(sent, now + 30_000), /expired/)
  refuses(sent, /expired/, now + 30_000)
})

test('clocks may differ: 14 seconds behind with a token used again, 30 ahead; not more', () => {
  const reused = token()
  new TokenReader(secret).read(reused, now + 15_000 + 14_000)
  new TokenReader(secret).read(token(now + 30_000), now)
  refuses(token(now + 32_000), /future/)
})
