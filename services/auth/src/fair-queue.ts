export interface FairQueueOptions {
  /** Entries at most. */
  readonly most: number
  /** Entries at most under one key. */
  readonly mostOfOne: number
}

/**
 * A bounded queue that takes from its keys in turn: who has many entries in it makes others wait for one of them, not for all
 * (round robin, as in https://www.rfc-editor.org/rfc/rfc970).
 */
export class FairQueue<T> {
  readonly #options: FairQueueOptions
  // A Map keeps the order of insertion: the first key is the one whose turn it is.
  readonly #entries = new Map<string, Set<T>>()
  #size = 0

  constructor(options: FairQueueOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#size
  }

  hasRoomFor(key: string): boolean {
    const { most, mostOfOne } = this.#options
    return this.#size < most && (this.#entries.get(key)?.size ?? 0) < mostOfOne
  }

  /** Entries must differ from each other. Ask `hasRoomFor` first. */
  add(key: string, entry: T): void {
    const own = this.#entries.get(key) ?? new Set()
    own.add(entry)
    this.#entries.set(key, own)
    this.#size++
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
}
