import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type BootedServices, bootServices } from '@plaza/testing'
import { createLocalJWKSet, decodeProtectedHeader, type JWTVerifyOptions, jwtVerify } from 'jose'
import { auth } from '../src/contract.ts'
import { authService } from '../src/service.ts'
import { SigningKeys } from '../src/signing-keys.ts'
import { edge, register, request } from './people.ts'

const secret = 'a secret for tests only, 32 letters'
const asked: JWTVerifyOptions = { issuer: 'plaza', audience: 'plaza', typ: 'at+jwt', algorithms: ['ES256'] }

let plaza: BootedServices
before(async () => {
  plaza = await bootServices([authService])
})
after(() => plaza[Symbol.asyncDispose]())

test('anybody can check our tokens with the published keys', async () => {
  const { user, accessToken } = await register(plaza)
  const jwks = await edge(plaza).keys({}, request())
  const { payload } = await jwtVerify(accessToken, createLocalJWKSet(jwks), asked)
  assert.equal(payload.sub, user.id)
  assert.equal(jwks.keys.length, 2)
  for (const key of jwks.keys)
    assert.deepEqual(Object.keys(key).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
})

test('instances that start at once agree on the keys', async () => {
  await using scratch = await bootServices([authService])
  const db = await dbOf(scratch)
  const keyrings = Array.from({ length: 5 }, () => new SigningKeys(db, secret))
  const currents = await Promise.all(keyrings.map(each => each.current()))
  assert.equal(new Set(currents.map(each => each.kid)).size, 1)
})

test('a key is published a rotation before it signs and a rotation after, and tokens of the one before still verify', async () => {
  await using scratch = await bootServices([authService])
  const db = await dbOf(scratch)
  const owner = await scratch.scratch.connect()
  const { accessToken } = await register(scratch)
  const signedBy = decodeProtectedHeader(accessToken).kid
  const first = new SigningKeys(db, secret)
  assert.equal((await first.current()).kid, signedBy)
  const next = (await first.published()).find(key => key.kid !== signedBy)!.kid

  assert.equal(await db.transaction(tx => first.rotateWhenDue(tx)), false, 'it is not due')
  await owner.query(`update auth.signing_keys set made_at = now() - interval '31 days'`)
  const rotations = await Promise.all(
    [1, 2, 3].map(() => db.transaction(tx => new SigningKeys(db, secret).rotateWhenDue(tx))),
  )
  assert.equal(rotations.filter(Boolean).length, 1, 'of instances that rotate at once one does')

  const second = new SigningKeys(db, secret)
  assert.equal((await second.current()).kid, next)
  const published = await second.published()
  assert.equal(published.length, 3)
  await jwtVerify(accessToken, createLocalJWKSet({ keys: [...published].map(key => ({ ...key })) }), asked)

  await owner.query(`update auth.signing_keys set made_at = now() - interval '31 days'`)
  await db.transaction(tx => second.rotateWhenDue(tx))
  const third = await new SigningKeys(db, secret).published()
  assert.equal(third.length, 3)
  assert.ok(!third.some(key => key.kid === signedBy), 'the one before the previous is gone')
})

test('another PLAZA_SECRET cannot use the keys, and says so', async () => {
  const db = await dbOf(plaza)
  const stranger = new SigningKeys(db, 'another secret for tests, 32 letters')
  await assert.rejects(stranger.current(), /sealed with another PLAZA_SECRET/)
})

test('the private keys are not in the database as they are', async () => {
  const owner = await plaza.scratch.connect()
  const { rows } = await owner.query('select sealed_private_key from auth.signing_keys')
  // Every PKCS #8 key on P-256 holds this object identifier.
  for (const row of rows)
    assert.equal(row.sealed_private_key.indexOf(Buffer.from('06082a8648ce3d030107', 'hex')), -1)
})

async function dbOf({ scratch }: BootedServices) {
  return scratch.open({ name: auth.name, migrations: new URL('../migrations/', import.meta.url) })
}
