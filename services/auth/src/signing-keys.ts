import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { type Db, type RowOf, sql, type Tx } from '@plaza/kernel/data'
import { open, type PublicJwk, type SigningKey, seal } from '@plaza/kernel/security'
import { calculateJwkThumbprint } from 'jose'

/** Days a key signs; the next one is published as long before it signs. */
const daysOfKey = 30
/** Keys are read again when older than this (ms): another instance may have rotated them. */
const keptFor = 600_000
const purpose = 'token signing key'

interface Keys {
  readonly current: SigningKey
  readonly published: PublicJwk[]
  readonly loadedAt: number
}

/**
 * The keys that sign access tokens (ES256: verifying takes 65 µs, EdDSA 106), kept encrypted. Three are published: the next, the current, the previous one.
 * Whoever holds the published keys knows the next before it signs, and the previous for as long as tokens of it live.
 */
export class SigningKeys {
  readonly #db: Db
  readonly #secret: string
  #keys: Keys | undefined
  #loading: Promise<Keys> | undefined

  constructor(db: Db, secret: string) {
    this.#db = db
    this.#secret = secret
  }

  async current(): Promise<SigningKey> {
    return (await this.#get()).current
  }

  async published(): Promise<PublicJwk[]> {
    return (await this.#get()).published
  }

  /** Makes a next key if the one there is has waited its time: then that one signs. Two that rotate at once rotate once. */
  async rotateWhenDue(tx: Tx, days = daysOfKey): Promise<boolean> {
    const rotated = await insertNext.run(tx, { ...(await this.#make()), days })
    if (rotated > 0) await deleteSpent.run(tx, {})
    return rotated > 0
  }

  async #get(): Promise<Keys> {
    if (this.#keys !== undefined && Date.now() - this.#keys.loadedAt < keptFor) return this.#keys
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined
    })
    return this.#loading
  }

  async #load(): Promise<Keys> {
    let rows = await findKeys.all(this.#db, {})
    if (rows.length < 2) {
      for (const number of [1, 2]) await insertFirst.run(this.#db, { number, ...(await this.#make()) })
      rows = await findKeys.all(this.#db, {})
    }
    const [, current] = rows
    if (current === undefined) throw new Error('There are no signing keys, and none could be made')
    this.#keys = {
      current: { kid: current.kid, privateKey: this.#open(current) },
      published: rows.map(row => row.public_key as PublicJwk),
      loadedAt: Date.now(),
    }
    return this.#keys
  }

  async #make() {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const { kty, crv, x, y } = publicKey.export({ format: 'jwk' })
    const kid = await calculateJwkThumbprint({ kty: kty!, crv: crv!, x: x!, y: y! })
    const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' })
    return {
      kid,
      publicKey: JSON.stringify({ kty, crv, x, y, kid, alg: 'ES256', use: 'sig' }),
      sealedPrivateKey: seal(this.#secret, purpose, kid, pkcs8),
    }
  }

  #open(row: RowOf<typeof findKeys.row>): KeyObject {
    try {
      const pkcs8 = open(this.#secret, purpose, row.kid, row.sealed_private_key)
      return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
    } catch (error) {
      throw new Error(
        'The keys that sign tokens were sealed with another PLAZA_SECRET. Start with that one; if it is lost, empty auth.signing_keys: everybody has to log in again.',
        { cause: error },
      )
    }
  }
}

const key = { kid: 'text', publicKey: 'jsonb', sealedPrivateKey: 'bytea' } as const

const findKeys = sql({
  name: 'auth.find-signing-keys',
  row: { number: 'int4', kid: 'text', public_key: 'jsonb', sealed_private_key: 'bytea' },
})`
  select number, kid, public_key, sealed_private_key
  from signing_keys
  order by number desc
  limit 3`

const insertFirst = sql({ name: 'auth.insert-first-signing-key', params: { number: 'int4', ...key } })`
  insert into signing_keys (number, kid, public_key, sealed_private_key)
  values (${'number'}, ${'kid'}, ${'publicKey'}, ${'sealedPrivateKey'})
  on conflict (number) do nothing`

const insertNext = sql({ name: 'auth.insert-next-signing-key', params: { days: 'int4', ...key } })`
  insert into signing_keys (number, kid, public_key, sealed_private_key)
  select max(number) + 1, ${'kid'}, ${'publicKey'}, ${'sealedPrivateKey'}
  from signing_keys
  having max(made_at) <= now() - make_interval(days => ${'days'})
  on conflict (number) do nothing`

const deleteSpent = sql({ name: 'auth.delete-spent-signing-keys' })`
  delete from signing_keys
  where number < (select max(number) from signing_keys) - 2`
