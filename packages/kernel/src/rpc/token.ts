import { createHmac, timingSafeEqual } from 'node:crypto'
import { deriveKey } from '../security/index.ts'

/** Seconds an internal token is valid. */
const lifetime = 30
/** One is used again for this time (ms), so that it still lives when a clock is behind. */
const reuse = 15_000
/** A token may be from a future this far away (s): clocks of machines differ. */
const tolerance = 30
const remembered = 1_000
const header = encode({ alg: 'HS256', typ: 'plaza-rpc+jwt' })

/** Signs who calls and which service is called: HS256 (RFC 7515) with a key that only who has `PLAZA_SECRET` can derive. */
export class TokenSigner {
  readonly #key: Buffer
  readonly #issuer: string
  readonly #made = new Map<string, { readonly token: string; readonly at: number }>()

  constructor(secret: string, issuer: string) {
    this.#key = keyOf(secret)
    this.#issuer = issuer
  }

  /** The `Authorization` header for calls to this service. */
  authorization(audience: string, now = Date.now()): string {
    const known = this.#made.get(audience)
    if (known !== undefined && now - known.at < reuse && now >= known.at) return known.token
    const issuedAt = Math.floor(now / 1000)
    const claims = { iss: this.#issuer, aud: audience, iat: issuedAt, exp: issuedAt + lifetime }
    const signed = `${header}.${encode(claims)}`
    const token = `Bearer ${signed}.${signatureOf(this.#key, signed).toString('base64url')}`
    this.#made.set(audience, { token, at: now })
    return token
  }
}

interface Claims {
  readonly iss: string
  readonly aud: string
  readonly exp: number
}

/** Reads internal tokens, and remembers those it has verified until they expire. */
export class TokenReader {
  readonly #key: Buffer
  readonly #verified = new Map<string, Claims>()

  constructor(secret: string) {
    this.#key = keyOf(secret)
  }

  /** The service a call is for, and who calls. Throws a `RefusedToken`. */
  read(authorization: string | undefined, now = Date.now()): Claims {
    if (authorization === undefined) throw new RefusedToken('there is none')
    const known = this.#verified.get(authorization) ?? this.#verify(authorization, now)
    if (known.exp * 1000 > now) return known
    this.#verified.delete(authorization)
    throw new RefusedToken('it has expired')
  }

  #verify(authorization: string, now: number): Claims {
    const [scheme, token = ''] = authorization.split(' ')
    const [head, body, signature, ...rest] = token.split('.')
    if (scheme !== 'Bearer' || head !== header || !body || !signature || rest.length > 0)
      throw new RefusedToken('it is no internal token')
    const sent = Buffer.from(signature, 'base64url')
    const ours = signatureOf(this.#key, `${head}.${body}`)
    if (sent.length !== ours.length || !timingSafeEqual(sent, ours))
      throw new RefusedToken('its signature is wrong: PLAZA_SECRET must be the same in all processes')
    const { iss, aud, iat, exp } = JSON.parse(Buffer.from(body, 'base64url').toString())
    if (typeof iat !== 'number' || iat > now / 1000 + tolerance)
      throw new RefusedToken('it is from the future: the clocks differ')
    if (typeof exp !== 'number' || exp - iat > lifetime) throw new RefusedToken('it lives too long')
    const claims = { iss: String(iss), aud: String(aud), exp }
    if (exp * 1000 > now) this.#remember(authorization, claims)
    return claims
  }

  #remember(authorization: string, claims: Claims): void {
    if (this.#verified.size >= remembered) this.#verified.clear()
    this.#verified.set(authorization, claims)
  }
}

/** Why a token is not accepted; never what it is. */
export class RefusedToken extends Error {
  override readonly name = 'RefusedToken'
}

const keyOf = (secret: string) => deriveKey(secret, 'rpc token')

function signatureOf(key: Buffer, signed: string): Buffer {
  return createHmac('sha256', key).update(signed).digest()
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
