import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import type { Identity } from '../call/index.ts'
import type { SessionId, UserId } from '../contract/index.ts'
import { unauthenticated } from '../contract/kernel-errors.ts'
import type { Role } from './permissions.ts'

/** Seconds an access token is valid. */
export const accessTokenSeconds = 900
export const tokenAudience = 'plaza'
/** Who signs tokens: the address clients know, or `plaza` where none is set. */
export const tokenIssuer = (config: { publicUrl: string | undefined }) => config.publicUrl ?? 'plaza'

/** The private half of a key; `kid` is its RFC 7638 thumbprint. */
export interface SigningKey {
  readonly kid: string
  readonly privateKey: KeyObject
}

/** A public key as JWKS (RFC 7517) has it. */
export interface PublicJwk {
  readonly kid: string
  readonly kty: string
  readonly crv: string
  readonly x: string
  readonly y?: string
  readonly alg: string
  readonly use: string
}

/** What an access token says: who, in which session, with which roles as of which revision of the account. */
export interface AccessClaims extends Identity {
  readonly revision: number
  /** Epoch seconds. */
  readonly expiresAt: number
}

const algorithm = 'ES256'
const tokenType = 'at+jwt' // RFC 9068: no other kind of JWT can pass for an access token
const longestToken = 4096
const shape = /^[\w-]+\.[\w-]+\.[\w-]{86}$/
/** Clocks of machines differ; a token may be from a future this far away (ms). It never lives longer for it. */
const clockTolerance = 30_000

/** Signs an access token (JWT, ES256), synchronously: 25 µs, where WebCrypto would wait behind password hashes for a thread. */
export function signAccessToken(
  key: SigningKey,
  claims: Identity & { readonly revision: number },
  issuer: string,
  now = Date.now(),
): string {
  const issuedAt = Math.floor(now / 1000)
  const header = encode({ alg: algorithm, typ: tokenType, kid: key.kid })
  const payload = encode({
    iss: issuer,
    aud: tokenAudience,
    sub: claims.userId,
    sid: claims.sessionId,
    roles: claims.roles,
    rev: claims.revision,
    iat: issuedAt,
    nbf: issuedAt,
    exp: issuedAt + accessTokenSeconds,
  })
  const signed = `${header}.${payload}`
  const signature = sign('sha256', Buffer.from(signed), { key: key.privateKey, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${signature.toString('base64url')}`
}

/** The key an access token says it was signed with. Throws `unauthenticated` for anything that is not an ES256 access token. */
export function keyIdOf(token: string): string {
  if (token.length > longestToken || !shape.test(token)) refuse('it is not a JWT')
  const header = decode(token.slice(0, token.indexOf('.')))
  if (header.alg !== algorithm) refuse(`it must be signed with ${algorithm}`)
  if (header.typ !== tokenType) refuse(`its type must be ${tokenType}`)
  if ('crit' in header || typeof header.kid !== 'string') refuse('its header is not understood')
  return header.kid
}

/** Checks signature and claims (RFC 8725) with the key that `keyIdOf` named. Throws `unauthenticated`. */
export function readAccessToken(
  token: string,
  key: KeyObject,
  issuer: string,
  now = Date.now(),
): AccessClaims {
  const [head, body, signature] = token.split('.') as [string, string, string]
  const signed = Buffer.from(`${head}.${body}`)
  const dsa = { key, dsaEncoding: 'ieee-p1363' } as const
  if (!verify('sha256', signed, dsa, Buffer.from(signature, 'base64url'))) refuse('its signature is wrong')
  const { iss, aud, exp, nbf, sub, sid, roles, rev } = decode(body)
  if (iss !== issuer) refuse('somebody else issued it')
  if (aud !== tokenAudience) refuse('it is for somebody else')
  if (typeof exp !== 'number' || exp * 1000 <= now) refuse('it has expired')
  if (typeof nbf !== 'number' || nbf * 1000 > now + clockTolerance) refuse('it is not valid yet')
  if (typeof sub !== 'string' || typeof sid !== 'string' || typeof rev !== 'number' || !Array.isArray(roles))
    refuse('it names nobody')
  return {
    userId: sub as UserId,
    sessionId: sid as SessionId,
    roles: roles as Role[],
    revision: rev,
    expiresAt: exp,
  }
}

/** The key of a JWK, or undefined when it is not one for access tokens. */
export function importPublicKey(jwk: PublicJwk): KeyObject | undefined {
  if (jwk.alg !== algorithm || jwk.kty !== 'EC' || jwk.crv !== 'P-256') return undefined
  return createPublicKey({ key: { ...jwk }, format: 'jwk' })
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function decode(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {}
  return refuse('it is not a JWT')
}

function refuse(why: string): never {
  throw unauthenticated(`The access token is not accepted: ${why}. Log in, or refresh it.`)
}
