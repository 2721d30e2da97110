import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Uuid } from '@plaza/kernel/data'
import { deriveKey } from '@plaza/kernel/security'

/** A refresh token as its parts: the session it belongs to and 256 bits that only its holder knows. */
export interface RefreshToken {
  readonly sessionId: Uuid
  readonly secret: Buffer
}

/**
 * Makes, writes and reads refresh tokens: session, secret and a seal, 64 bytes. The seal lets us tell an old token of ours from one that
 * somebody made up: only the former ends the session when used again. A successor is derived from its predecessor, so that a request
 * repeated because its answer was lost is given the same one.
 */
export class RefreshTokens {
  readonly #sealKey: Buffer
  readonly #successorKey: Buffer

  constructor(plazaSecret: string) {
    this.#sealKey = deriveKey(plazaSecret, 'refresh token seal')
    this.#successorKey = deriveKey(plazaSecret, 'refresh token successor')
  }

  first(sessionId: Uuid): RefreshToken {
    return { sessionId, secret: randomBytes(32) }
  }

  successor(token: RefreshToken): RefreshToken {
    const secret = createHmac('sha256', this.#successorKey)
      .update(idBytes(token.sessionId))
      .update(token.secret)
      .digest()
    return { sessionId: token.sessionId, secret }
  }

  write(token: RefreshToken): string {
    return Buffer.concat([idBytes(token.sessionId), token.secret, this.#seal(token)]).toString('base64url')
  }

  /** The token, or undefined when it is none of ours. */
  read(text: string): RefreshToken | undefined {
    if (!/^[\w-]{86}$/.test(text)) return undefined
    const bytes = Buffer.from(text, 'base64url')
    const id = bytes.toString('hex', 0, 16)
    const sessionId = `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20)}`
    const token = { sessionId, secret: bytes.subarray(16, 48) }
    return timingSafeEqual(this.#seal(token), bytes.subarray(48)) ? token : undefined
  }

  #seal(token: RefreshToken): Buffer {
    const mac = createHmac('sha256', this.#sealKey).update(idBytes(token.sessionId)).update(token.secret)
    return mac.digest().subarray(0, 16)
  }
}

/** What is kept of a token: 256 random bits need no salt and no slow hash. */
export function hashOf(token: RefreshToken): Buffer {
  return createHash('sha256').update(token.secret).digest()
}

function idBytes(id: Uuid): Buffer {
  return Buffer.from(id.replaceAll('-', ''), 'hex')
}
