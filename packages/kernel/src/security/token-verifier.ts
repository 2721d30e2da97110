import { hash, type KeyObject } from 'node:crypto'
import type { Identity } from '../call/index.ts'
import { unauthenticated } from '../contract/kernel-errors.ts'
import type { Metrics } from '../telemetry/index.ts'
import {
  type AccessClaims,
  importPublicKey,
  keyIdOf,
  type PublicJwk,
  readAccessToken,
} from './access-token.ts'
import { Revocations, type RevocationsView, type StandingView } from './revocations.ts'

export interface TokenVerifierOptions {
  readonly issuer: string
  /** The public keys: `call(auth).keys`. */
  readonly loadKeys: () => Promise<readonly PublicJwk[]>
  /** What was revoked while tokens of then still live: `call(auth).revocations`. */
  readonly loadRevocations: () => Promise<RevocationsView>
  /** What a person may do now, by the owner's word: `call(auth).standings`. */
  readonly loadStanding: (userId: string) => Promise<StandingView | undefined>
  readonly metrics: Metrics
  /** Verified tokens remembered at most (default 100,000: some 50 MB when full). */
  readonly remember?: number
  readonly now?: () => number
}

interface Verified {
  readonly claims: AccessClaims
  readonly expiresAt: number
  readonly own: Identity
  /** The identity with newer roles than the token's, made once for each change. */
  changed: Identity | undefined
  /** The identity of somebody whose account is being erased: no role, hardly a right. */
  erasing: Identity | undefined
}

/** An unknown key asks the owner at most this often (ms), whatever strangers send. */
const reloadPause = 5_000
/** Keys older than this (ms) are loaded again beside the work, so that a withdrawn key goes and a new one is known before it is used. */
const keysAge = 600_000
const sweepEvery = 60_000

/**
 * Tells who sent an access token, with what the owner has said since it was signed: log-out, suspension, erasure and roles. Verifies once (65 µs), then
 * remembers by the token's SHA-256 (under 1 µs). Feed it the owner's events, and call `reset` whenever some may have been missed.
 * @example
 * const identity = await verifier.verify(bearer) // a promise only when the token's key has to be loaded first
 */
export class TokenVerifier {
  readonly #options: TokenVerifierOptions
  readonly #now: () => number
  readonly #revocations = new Revocations()
  readonly #half: number
  #young = new Map<string, Verified>()
  #old = new Map<string, Verified>()
  #keys = new Map<string, KeyObject>()
  #keysLoadedAt = Number.NEGATIVE_INFINITY
  #keysAskedAt = Number.NEGATIVE_INFINITY
  #loadingKeys: Promise<void> | undefined
  #sweptAt = 0
  readonly #verifications

  constructor(options: TokenVerifierOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#half = Math.ceil((options.remember ?? 100_000) / 2)
    const { metrics } = options
    this.#verifications = metrics.counter(
      'plaza_token_verifications_total',
      'Access tokens whose signature was checked, by outcome',
      ['outcome'],
    )
    metrics.gauge('plaza_tokens_remembered', 'Verified access tokens held', [], gauge =>
      gauge.set(this.#young.size + this.#old.size),
    )
    metrics.gauge('plaza_revocations_held', 'Ended sessions and changed people held', [], gauge =>
      gauge.set(this.#revocations.size),
    )
  }

  /** Who sent the token. Throws `unauthenticated`; `unavailable` when its key is unknown and the owner of keys is away. */
  verify(token: string): Identity | Promise<Identity> {
    const digest = hash('sha256', token, 'latin1')
    const remembered = this.#find(digest)
    if (remembered !== undefined) return this.#identityOf(remembered)
    const kid = this.#refusing(() => keyIdOf(token))
    const key = this.#keys.get(kid)
    const now = this.#now()
    if (key !== undefined && now - this.#keysLoadedAt > keysAge) this.#reloadBeside(now)
    if (key !== undefined) return this.#read(token, digest, key)
    if (this.#loadingKeys === undefined && now - this.#keysAskedAt < reloadPause) throw unknownKey()
    return this.#loadKeys().then(() => {
      const loaded = this.#keys.get(kid)
      if (loaded === undefined) throw unknownKey()
      return this.#read(token, digest, loaded)
    })
  }

  /**
   * The same person with what they may do now, asked of the owner: before refusing for a missing role, so that a role gained a moment
   * ago holds at once at every gateway. Throws `unauthenticated` when the account is gone or suspended.
   */
  async confirm(identity: Identity): Promise<Identity> {
    const standing = await this.#options.loadStanding(identity.userId)
    if (standing === undefined || standing.suspended) throw ended()
    return { ...identity, roles: standing.roles }
  }

  endSession(sessionId: string, at: Date): void {
    this.#revocations.endSession(sessionId, at.getTime())
  }

  endSessions(userId: string, revision: number, at: Date): void {
    this.#revocations.endSessions(userId, revision, at.getTime())
  }

  changeRoles(userId: string, revision: number, roles: Identity['roles'], at: Date): void {
    this.#revocations.changeRoles(userId, revision, roles, at.getTime())
  }

  /** The account is being erased: of its tokens, those of the session that asked are good for reading the job, the others for nothing. */
  beginErasure(
    { userId, sessionId }: Pick<Identity, 'userId' | 'sessionId'>,
    at = new Date(this.#now()),
  ): void {
    this.#revocations.beginErasure(userId, sessionId, at.getTime())
  }

  /** Loads keys and revocations anew. Ready when it has resolved. */
  async reset(): Promise<void> {
    const [view] = await Promise.all([this.#options.loadRevocations(), this.#loadKeys()])
    this.#revocations.load(view)
  }

  #read(token: string, digest: string, key: KeyObject): Identity {
    const { issuer } = this.#options
    const claims = this.#refusing(() => readAccessToken(token, key, issuer, this.#now()))
    this.#verifications.inc({ outcome: 'accepted' })
    const { userId, sessionId, roles, expiresAt } = claims
    const verified: Verified = {
      claims,
      expiresAt: expiresAt * 1000,
      own: Object.freeze({ userId, sessionId, roles: Object.freeze(roles) }),
      changed: undefined,
      erasing: undefined,
    }
    this.#remember(digest, verified)
    return this.#identityOf(verified)
  }

  #identityOf(verified: Verified): Identity {
    const now = this.#now()
    if (verified.expiresAt <= now)
      throw unauthenticated('The access token is not accepted: it has expired. Refresh it.')
    if (now - this.#sweptAt > sweepEvery) {
      this.#sweptAt = now
      this.#revocations.forgetBefore(now)
    }
    const { userId, sessionId, revision } = verified.claims
    const erasure = this.#revocations.erasureOf(userId, sessionId)
    if (erasure === 'by-another') throw ended()
    if (erasure === 'by-this-session') {
      verified.erasing ??= Object.freeze({ userId, sessionId, roles: [], erasing: true })
      return verified.erasing
    }
    if (this.#revocations.isRevoked(userId, sessionId, revision)) throw ended()
    const roles = this.#revocations.newerRoles(userId, revision)
    if (roles === undefined) return verified.own
    if (verified.changed?.roles !== roles) verified.changed = Object.freeze({ ...verified.own, roles })
    return verified.changed
  }

  // Two generations: what is used moves to the young one; when that is full the old one goes, all at once.
  #find(digest: string): Verified | undefined {
    const young = this.#young.get(digest)
    if (young !== undefined) return young
    const old = this.#old.get(digest)
    if (old !== undefined) this.#remember(digest, old)
    return old
  }

  #remember(digest: string, verified: Verified): void {
    if (this.#young.size >= this.#half) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(digest, verified)
  }

  #refusing<T>(check: () => T): T {
    try {
      return check()
    } catch (error) {
      this.#verifications.inc({ outcome: 'refused' })
      throw error
    }
  }

  #reloadBeside(now: number): void {
    if (now - this.#keysAskedAt >= reloadPause) this.#loadKeys().catch(() => {}) // the keys at hand still hold
  }

  #loadKeys(): Promise<void> {
    this.#loadingKeys ??= this.#fetchKeys().finally(() => {
      this.#loadingKeys = undefined
    })
    return this.#loadingKeys
  }

  async #fetchKeys(): Promise<void> {
    this.#keysAskedAt = this.#now()
    const keys = new Map<string, KeyObject>()
    for (const jwk of await this.#options.loadKeys()) {
      const key = importPublicKey(jwk)
      if (key !== undefined) keys.set(jwk.kid, key)
    }
    // What a withdrawn key signed must not be remembered.
    if ([...this.#keys.keys()].some(kid => !keys.has(kid))) this.#forgetTokens()
    this.#keys = keys
    this.#keysLoadedAt = this.#now()
  }

  #forgetTokens(): void {
    this.#young = new Map()
    this.#old = new Map()
  }
}

function ended() {
  return unauthenticated('The session of this access token has ended. Log in again.')
}

function unknownKey() {
  return unauthenticated('The access token is not accepted: nobody here has its key. Log in again.')
}
