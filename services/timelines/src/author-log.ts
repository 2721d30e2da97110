import type { UserId } from '@plaza/kernel/contract'

const maxAuthors = 100_000

/**
 * How far the log of posts was heard, by author. Everything here that is made of events shows at least what the author wrote up to that
 * version. Who is not known was not heard since the start, or not for long.
 */
export class AuthorLog {
  readonly #heard = new Map<UserId, number>()

  heardOf(author: UserId): number {
    return this.#heard.get(author) ?? 0
  }

  /** Call it when the event has had its effect. */
  hear(author: UserId, version: number): void {
    // Put at the end: who has not written for longest is forgotten first.
    this.#heard.delete(author)
    this.#heard.set(author, version)
    if (this.#heard.size > maxAuthors) this.#heard.delete(this.#heard.keys().next().value!)
  }

  clear(): void {
    this.#heard.clear()
  }
}
