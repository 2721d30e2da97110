import { createCipheriv, createDecipheriv, createHmac, hash, hkdfSync, randomBytes } from 'node:crypto'
import type { IdempotencyKey } from '../../call/index.ts'
import type { Uuid } from '../typeid.ts'

/** Turns idempotency keys, requests and answers into what is stored of them, and back. */
export interface AnswerVault {
  /** Where the answer is kept: 64 bits that name the owner, then 64 of a keyed SHA-256 of operation, owner and key; written as a UUID. */
  idOf(key: IdempotencyKey): Uuid
  /** The first and the last id an owner's answers can have: all of them lie side by side, to be erased. */
  idsOf(owner: string): { readonly first: Uuid; readonly last: Uuid }
  /**
   * Tells one request from another. Keyed with the secret: a request may hold a password, and whoever steals the table must not be able to
   * try passwords against a fast hash.
   */
  fingerprintOf(key: IdempotencyKey): Buffer
  /** The answer as bytes; sealed ones with AES-256-GCM under a key made (HKDF) of the secret and the hash of this very request. */
  encode(key: IdempotencyKey, answer: unknown, sealed: boolean): Buffer
  /** The answer again; throws when it was sealed for another request or under another secret. */
  decode(key: IdempotencyKey, bytes: Buffer): unknown
}

// The first byte of what is stored.
const plain = 0
const sealedWithGcm = 1
const ivLength = 12
const tagLength = 16

export function answerVault(secret: string): AnswerVault {
  const fingerprintKey = derive(secret, '', 'plaza request fingerprint')
  const idKey = derive(secret, '', 'plaza answer id').toString('hex')
  // Cut to half its length a hash tells nothing of the state it was made in, so that a key in front is as good as HMAC, at half its cost.
  const half = (text: string) => hash('sha256', `${idKey}\0${text}`, 'hex').slice(0, 16)
  const sealKey = (key: IdempotencyKey) => derive(secret, key.requestHash, 'plaza sealed answer')
  return {
    idOf: ({ operation, owner, key }) => uuidOf(half(owner) + half(`${operation}\0${owner}\0${key}`)),
    idsOf: owner => ({
      first: uuidOf(half(owner) + '0'.repeat(16)),
      last: uuidOf(half(owner) + 'f'.repeat(16)),
    }),
    fingerprintOf: key => createHmac('sha256', fingerprintKey).update(key.requestHash).digest(),
    encode: (key, answer, sealed) => {
      const json = JSON.stringify(answer)
      if (!sealed) return Buffer.from(`\0${json}`)
      const iv = randomBytes(ivLength)
      const cipher = createCipheriv('aes-256-gcm', sealKey(key), iv)
      const text = Buffer.concat([cipher.update(json, 'utf8'), cipher.final()])
      return Buffer.concat([Buffer.of(sealedWithGcm), iv, cipher.getAuthTag(), text])
    },
    decode: (key, bytes) => {
      if (bytes[0] === plain) return JSON.parse(bytes.toString('utf8', 1))
      if (bytes[0] !== sealedWithGcm) throw new Error(`A stored answer begins with ${bytes[0]}`)
      const tagAt = 1 + ivLength
      const decipher = createDecipheriv('aes-256-gcm', sealKey(key), bytes.subarray(1, tagAt))
      decipher.setAuthTag(bytes.subarray(tagAt, tagAt + tagLength))
      const text = Buffer.concat([decipher.update(bytes.subarray(tagAt + tagLength)), decipher.final()])
      return JSON.parse(text.toString('utf8'))
    },
  }
}

function uuidOf(hex: string): Uuid {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`
}

function derive(secret: string, salt: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, salt, purpose, 32))
}
