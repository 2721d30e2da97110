import { randomBytes } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { invalidInput, stale } from '../contract/index.ts'

// Unique over processes by the prefix, within one by counting: nothing secret hangs on it, and it costs nothing.
const prefix = randomBytes(8).toString('base64url')
let counted = 0

/** The client's own `X-Request-Id` when it is a plain one, else a new id. */
export function requestIdOf(headers: IncomingHttpHeaders): string {
  const given = headers['x-request-id']
  if (typeof given === 'string' && /^[\w.:-]{1,100}$/.test(given)) return given
  return `${prefix}-${(++counted).toString(36)}`
}

/** The `traceparent` (W3C Trace Context), unless it is malformed. */
export function traceparentOf(headers: IncomingHttpHeaders): string | undefined {
  const given = headers.traceparent
  if (typeof given !== 'string') return undefined
  const shape = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/
  return shape.test(given) ? given : undefined
}

/** The token of `Authorization: Bearer …` (RFC 6750); other schemes are not ours. */
export function bearerTokenOf(headers: IncomingHttpHeaders): string | undefined {
  const given = headers.authorization
  if (given === undefined || given.length < 8 || given.charCodeAt(6) !== 32) return undefined
  return given.slice(0, 6).toLowerCase() === 'bearer' ? given.slice(7).trim() : undefined
}

/** The `Idempotency-Key`: 1 to 255 visible ASCII characters. Throws `invalid-input`. */
export function idempotencyKeyOf(headers: IncomingHttpHeaders): string | undefined {
  const given = headers['idempotency-key']
  if (given === undefined) return undefined
  if (typeof given === 'string' && /^[\x21-\x7e]{1,255}$/.test(given)) return given
  throw invalidInput('The Idempotency-Key header must be 1 to 255 visible ASCII characters, without spaces.')
}

/**
 * The version that `If-Match` asks for: that of `"<version>-<hash>"`, undefined for none or `*`. A tag that is none of ours matches
 * nothing: throws `stale`. `W/`, which proxies add when they compress, is passed over: only the version is compared.
 */
export function ifVersionOf(headers: IncomingHttpHeaders): number | undefined {
  const given = headers['if-match']?.trim()
  if (given === undefined || given === '*') return undefined
  const found = /^(?:W\/)?"(\d{1,15})-[\w-]+"$/.exec(given)
  if (found) return Number(found[1])
  if (given.includes(',')) throw invalidInput('The If-Match header must name one ETag.')
  throw stale('If-Match names an ETag that this resource never had: read it again.')
}

/** Whether `If-None-Match` names this ETag (weak comparison, RFC 9110 § 13.1.2). */
export function matchesNone(ifNoneMatch: string, etag: string): boolean {
  return ifNoneMatch.trim() === '*' || ifNoneMatch.includes(etag)
}
