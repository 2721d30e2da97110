/**
 * A bounded queue that is max-min fair. Its keys are served in turn (round robin, https://www.rfc-editor.org/rfc/rfc970), so who
 * has many entries in it makes others wait for one of them, not for all. While there is room, one key may have all places; when
 * it is full, a key that has fewer entries gets a place from the key that has the most. So nobody with fewer than an equal share
 * is ever refused, and nobody is displaced below it.
 */
export class FairQueue<T> {
  readonly #most: number
  // A Map keeps the order of insertion: the first key is the one whose turn it is.
  readonly #entries = new Map<string, Set<T>>()
  #size = 0

  /** `most`: entries at most, of all keys together. Each operation looks at no more than these. */
  constructor(most: number) {
    this.#most = most
  }

  get size(): number {
    return this.#size
  }

  hasRoomFor(key: string): boolean {
    return this.#size < this.#most || this.#whoGivesWayTo(key) !== undefined
  }

  /** Entries must differ from each other. Ask `hasRoomFor` first. Returns the entry that was displaced, if one had to be. */
  add(key: string, entry: T): T | undefined {
    const displaced = this.#size < this.#most ? undefined : this.#displaceFor(key)
    const own = this.#entries.get(key) ?? new Set()
    own.add(entry)
    this.#entries.set(key, own)
    this.#size++
    return displaced
  }

  /** The next entry, of the key whose turn it is; undefined when there is none. */
  take(): T | undefined {
    for (const [key, own] of this.#entries) {
      for (const entry of own) {
        this.delete(key, entry)
        if (this.#entries.delete(key)) this.#entries.set(key, own)
        return entry
      }
    }
    return undefined
  }

  delete(key: string, entry: T): void {
    const own = this.#entries.get(key)
    if (own === undefined || !own.delete(entry)) return
    this.#size--
    if (own.size === 0) this.#entries.delete(key)
  }

  /** The newest entry goes: those before it have waited longer. */
  #displaceFor(key: string): T {
    const largest = this.#whoGivesWayTo(key)
    if (largest === undefined) throw new Error(`no room for ${key}`)
    const newest = [...this.#entries.get(largest)!].at(-1)!
    this.delete(largest, newest)
    return newest
  }

  /** The key with the most entries, if it still has as many as `key` after giving it a place. */
  #whoGivesWayTo(key: string): string | undefined {
    let most = (this.#entries.get(key)?.size ?? 0) + 1
    let largest: string | undefined
    for (const [other, { size }] of this.#entries) {
      if (size <= most) continue
      most = size
      largest = other
    }
    return largest
  }
}
