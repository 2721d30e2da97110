import { accessTokenSeconds } from './access-token.ts'
import type { Role } from './permissions.ts'

/** What a person may do now, by the owner's word. */
export interface StandingView {
  readonly id: string
  /** Raised by each change of roles or suspension; tokens carry the one they were signed at. */
  readonly revision: number
  readonly roles: readonly Role[]
  readonly suspended: boolean
  /** Tokens of an older revision than this are worth nothing. */
  readonly endedBefore: number
}

/** What was revoked while tokens signed before may still be alive; `until` is when the last of them has expired (RFC 3339). */
export interface RevocationsView {
  readonly sessions: readonly { readonly id: string; readonly until: string }[]
  readonly people: readonly (StandingView & { readonly until: string })[]
  /** Whose accounts are being or were erased; the session that asked for it may look on. */
  readonly erasures: readonly {
    readonly userId: string
    readonly sessionId: string
    readonly until: string
  }[]
}

/** Revoked longer than any token of before lives, with room for clocks that differ. */
const heldFor = (accessTokenSeconds + 60) * 1000

interface Person {
  roles: readonly Role[]
  /** The revision the roles are of: tokens of older ones have these instead of their own. */
  rolesRevision: number
  endedBefore: number
  until: number
}

interface Erasure {
  readonly sessionId: string
  readonly until: number
}

/**
 * The log-outs, suspensions, erasures and role changes that tokens still alive do not know of. One entry for each of the last 16 minutes, so its
 * size is bounded by how many log-ins password hashing allows in that time.
 */
export class Revocations {
  readonly #sessions = new Map<string, number>()
  readonly #people = new Map<string, Person>()
  readonly #erasures = new Map<string, Erasure>()

  /** A session ended at this moment (epoch ms). */
  endSession(sessionId: string, at: number): void {
    this.#sessions.delete(sessionId)
    this.#sessions.set(sessionId, at + heldFor)
  }

  /** All sessions that began before this revision ended. */
  endSessions(userId: string, revision: number, at: number): void {
    const person = this.#person(userId, at + heldFor)
    person.endedBefore = Math.max(person.endedBefore, revision)
  }

  /** The account is being erased, as this session asked. */
  beginErasure(userId: string, sessionId: string, at: number): void {
    this.#erasures.set(userId, { sessionId, until: at + heldFor })
  }

  changeRoles(userId: string, revision: number, roles: readonly Role[], at: number): void {
    const person = this.#person(userId, at + heldFor)
    // Events are handed over again after a load that already knew what came later.
    if (revision <= person.rolesRevision) return
    person.roles = roles
    person.rolesRevision = revision
  }

  /** Takes what the owner tells in place of everything held. */
  load(view: RevocationsView): void {
    this.#sessions.clear()
    this.#people.clear()
    this.#erasures.clear()
    for (const { id, until } of view.sessions) this.#sessions.set(id, Date.parse(until))
    for (const { id, revision, roles, endedBefore, until } of view.people)
      this.#people.set(id, { roles, rolesRevision: revision, endedBefore, until: Date.parse(until) })
    for (const { userId, sessionId, until } of view.erasures)
      this.#erasures.set(userId, { sessionId, until: Date.parse(until) })
  }

  /** Whether the account is being erased: `by-this-session` is the one that asked, and ended with that as the others did. */
  erasureOf(userId: string, sessionId: string): 'by-this-session' | 'by-another' | undefined {
    if (this.#erasures.size === 0) return undefined
    const erasure = this.#erasures.get(userId)
    if (erasure === undefined) return undefined
    return erasure.sessionId === sessionId ? 'by-this-session' : 'by-another'
  }

  /** Whether a token of this session and revision is worth nothing any more. */
  isRevoked(userId: string, sessionId: string, revision: number): boolean {
    if (this.#sessions.size > 0 && this.#sessions.has(sessionId)) return true
    if (this.#people.size === 0) return false
    return revision < (this.#people.get(userId)?.endedBefore ?? 0)
  }

  /** The roles to use in place of those in a token of this revision; undefined when the token's own hold. */
  newerRoles(userId: string, revision: number): readonly Role[] | undefined {
    if (this.#people.size === 0) return undefined
    const person = this.#people.get(userId)
    return person !== undefined && revision < person.rolesRevision ? person.roles : undefined
  }

  /** Forgets what no living token can run into. */
  forgetBefore(now: number): void {
    for (const [id, until] of this.#sessions) if (until <= now) this.#sessions.delete(id)
    for (const [id, { until }] of this.#people) if (until <= now) this.#people.delete(id)
    for (const [id, { until }] of this.#erasures) if (until <= now) this.#erasures.delete(id)
  }

  get size(): number {
    return this.#sessions.size + this.#people.size + this.#erasures.size
  }

  #person(userId: string, until: number): Person {
    const person = this.#people.get(userId) ?? { roles: [], rolesRevision: 0, endedBefore: 0, until }
    person.until = Math.max(person.until, until)
    this.#people.set(userId, person)
    return person
  }
}
