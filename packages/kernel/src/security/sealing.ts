import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

const version = 1
const ivLength = 12
const tagLength = 16
const overhead = 1 + ivLength + tagLength

/**
 * Encrypts with AES-256-GCM under a key that HKDF (RFC 5869) derives from the secret, what it is for, and `material`: only who has all
 * three opens it. Gives version, nonce, tag and ciphertext: 29 bytes more than the plaintext.
 * @example
 * const sealed = seal(secret, 'idempotent answer', requestHash, JSON.stringify(answer))
 */
export function seal(
  secret: string,
  purpose: string,
  material: string | Uint8Array,
  plaintext: string | Uint8Array,
): Buffer {
  const iv = randomBytes(ivLength)
  const cipher = createCipheriv('aes-256-gcm', deriveKey(secret, purpose, material), iv)
  const body = Buffer.concat([cipher.update(plaintext as Uint8Array), cipher.final()])
  return Buffer.concat([Uint8Array.of(version), iv, cipher.getAuthTag(), body])
}

/** Decrypts what `seal` made. Throws when secret, purpose or material differ, or a bit was changed. */
export function open(
  secret: string,
  purpose: string,
  material: string | Uint8Array,
  sealed: Uint8Array,
): Buffer {
  if (sealed.length < overhead || sealed[0] !== version) throw new Error(`Not something sealed: ${purpose}`)
  const iv = sealed.subarray(1, 1 + ivLength)
  const key = deriveKey(secret, purpose, material)
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: tagLength })
  decipher.setAuthTag(sealed.subarray(1 + ivLength, overhead))
  return Buffer.concat([decipher.update(sealed.subarray(overhead)), decipher.final()])
}

/** 32 bytes that only who has the secret can derive, other ones for each purpose and material. */
export function deriveKey(secret: string, purpose: string, material: string | Uint8Array = ''): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, material, `plaza ${purpose}`, 32))
}
