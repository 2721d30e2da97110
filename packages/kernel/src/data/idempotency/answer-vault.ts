import { createCipheriv, createDecipheriv, createHmac, hash, hkdfSync, randomBytes } from 'node:crypto'
import type { IdempotencyKey } from '../../call/index.ts'
import type { Uuid } from '../typeid.ts'

/** Turns idempotency keys, requests and answers into what is stored of them, and back. */
export interface AnswerVault {
  /** The first 128 bits of the SHA-256 of operation, owner and key, written as a UUID. */
  idOf(key: IdempotencyKey): Uuid
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
  const sealKey = (key: IdempotencyKey) => derive(secret, key.requestHash, 'plaza sealed answer')
  return {
    idOf: ({ operation, owner, key }) => {
      const hex = hash('sha256', `${operation}\0${owner}\0${key}`, 'hex')
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`
    },
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

function derive(secret: string, salt: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, salt, purpose, 32))
}
