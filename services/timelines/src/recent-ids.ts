import type { PostId } from '@plaza/kernel/contract'
import { placeOf } from './entries.ts'

/**
 * The newest entries of a list (ids of posts, and reposts: entries.ts), in memory: complete from `floor` upwards once loaded, below it the database
 * knows. They begin with a UUIDv7 in text, so their order is the order of time. One may arrive with an older time than one that is there: ids are
 * made before their commit.
 */
export class RecentIds {
  // Oldest first: what is new is nearly always put at the end.
  readonly #ids: PostId[] = []
  readonly #capacity: number
  #floor: string | undefined
  // What was trimmed away before `load` lies below this.
  #trimmedTo = ''
  // What was removed before `load`, which may still bring it.
  #removed: Set<PostId> | undefined

  /** Collects news from now on; complete only after `load`. */
  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get isLoaded(): boolean {
    return this.#floor !== undefined
  }

  /** Every id of the list that is not before this one is here; '' when all are. */
  get floor(): string {
    if (this.#floor === undefined) throw new Error('These ids were not loaded yet')
    return this.#floor
  }

  get size(): number {
    return this.#ids.length
  }

  /** What the list was at a moment after this began to collect, newest first; `isAll`: nothing is older. */
  load(newestFirst: readonly PostId[], isAll: boolean): void {
    const oldest = isAll ? '' : (newestFirst.at(-1) ?? '')
    const floor = oldest > this.#trimmedTo ? oldest : this.#trimmedTo
    const collected = this.#ids.splice(0)
    for (let i = newestFirst.length - 1; i >= 0; i--) {
      const id = newestFirst[i]!
      if (id >= floor && this.#removed?.has(id) !== true) this.#ids.push(id)
    }
    this.#removed = undefined
    this.#floor = floor
    for (const id of collected) this.insert(id)
  }

  insert(id: PostId): void {
    if (this.#removed !== undefined) this.#removed.delete(id)
    const ids = this.#ids
    let at = ids.length
    if (at === 0 || ids[at - 1]! > id) {
      if (this.#floor !== undefined && id < this.#floor) return
    }
    while (at > 0 && ids[at - 1]! > id) at--
    if (at > 0 && ids[at - 1] === id) return
    if (at === ids.length) ids.push(id)
    else ids.splice(at, 0, id)
    // Trimmed a quarter at a time: dropping the oldest moves all others.
    if (ids.length > this.#capacity * 1.25) this.#trim()
  }

  remove(id: PostId): void {
    const at = this.#firstNotBefore(id)
    if (this.#ids[at] === id) this.#ids.splice(at, 1)
    if (this.#floor === undefined) this.#removeFromLoad(id)
  }

  filter(isWanted: (id: PostId) => boolean): PostId[] {
    return this.#ids.filter(isWanted)
  }

  /** At most `count` ids below `before`, newest first; from the top without it. */
  below(before: string | undefined, count: number): PostId[] {
    const end = before === undefined ? this.#ids.length : this.#firstNotBefore(before)
    const found: PostId[] = []
    for (let i = end - 1; i >= 0 && found.length < count; i--) found.push(this.#ids[i]!)
    return found
  }

  /** At most `count` ids above `after`, the nearest to it first. */
  above(after: string, count: number): PostId[] {
    let start = this.#firstNotBefore(after)
    // A cursor names an entry without what it carries.
    if (after !== '' && this.#ids[start]?.startsWith(placeOf(after as PostId)) === true) start++
    return this.#ids.slice(start, start + count)
  }

  #trim(): void {
    this.#ids.splice(0, this.#ids.length - this.#capacity)
    if (this.#floor === undefined) this.#trimmedTo = this.#ids[0]!
    else this.#floor = this.#ids[0]!
  }

  #removeFromLoad(id: PostId): void {
    this.#removed ??= new Set()
    this.#removed.add(id)
    if (this.#removed.size <= this.#capacity) return
    // More than is remembered: nothing is known that is not above all of it.
    for (const each of this.#removed) if (each >= this.#trimmedTo) this.#trimmedTo = `${each}~`
    this.#removed.clear()
  }

  #firstNotBefore(id: string): number {
    let low = 0
    let high = this.#ids.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#ids[middle]! < id) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** As `below` over several lists at once, each id once. */
export function belowInAll(lists: readonly RecentIds[], before: string | undefined, count: number): PostId[] {
  if (lists.length === 1) return lists[0]!.below(before, count)
  const found = lists.flatMap(list => list.below(before, count)).sort(newestFirst)
  return found.filter((id, i) => id !== found[i - 1]).slice(0, count)
}

/** As `above` over several lists at once, each id once. */
export function aboveInAll(lists: readonly RecentIds[], after: string, count: number): PostId[] {
  if (lists.length === 1) return lists[0]!.above(after, count)
  const found = lists.flatMap(list => list.above(after, count)).sort((a, b) => newestFirst(b, a))
  return found.filter((id, i) => id !== found[i - 1]).slice(0, count)
}

function newestFirst(a: PostId, b: PostId): number {
  if (a === b) return 0
  return a < b ? 1 : -1
}
