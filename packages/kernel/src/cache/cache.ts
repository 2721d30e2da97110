/** How much is kept, and for how long. */
export interface CacheOptions<V> {
  /** Unique in its process; names the metrics. */
  readonly name: string
  /** Entries at most; one that has not been used for long goes first. */
  readonly maxEntries: number
  /** Milliseconds an entry is fresh. */
  readonly freshFor: number
  /** Milliseconds after that in which it is still served while one load renews it (default 0). */
  readonly staleFor?: number
  /** What all entries may weigh together, in the unit of `weigh` (bytes, say); values are of very different size. */
  readonly maxWeight?: number
  readonly weigh?: (value: V) => number
}

/**
 * Facts that do not depend on who asks, kept in memory; visibility is decided after the cache. What makes an entry wrong is heard by a
 * broadcast subscription that calls `delete` or `dropTag`, and whose `reset` is `clear`.
 * @example
 * const cards = kit.cache.of<Card>({ name: 'cards', maxEntries: 10_000, freshFor: 60_000 })
 * broadcast('cards', users, { profileChanged: event => cards.delete(event.data.userId) }, () => cards.clear())
 * const card = cards.peek(id) ?? (await cards.get(id, () => loadCard(id)))
 */
export interface CacheOf<V> {
  /** The entry, or what `load` gives; concurrent calls for one key load once. A failed load is kept for nobody. */
  get(key: string, load: () => Promise<V>, tags?: readonly string[]): Promise<V>
  /** As `get` for many keys in their order: what is missing is loaded together. Keys that `load` does not answer are undefined, and not kept. */
  getMany(keys: readonly string[], load: LoadMany<V>): Promise<(V | undefined)[]>
  /** The fresh entry, if there is one. */
  peek(key: string): V | undefined
  /** Keeps a value in place of what there was or is being loaded: only for what was read after everything that could make it wrong. */
  set(key: string, value: V, tags?: readonly string[]): void
  /** Drops the entry, and what is being loaded for it: it serves those who wait, and is not kept. */
  delete(key: string): void
  /** `delete` for every entry with the tag. */
  dropTag(tag: string): void
  clear(): void
  readonly size: number
}

export type LoadMany<V> = (keys: readonly string[]) => Promise<ReadonlyMap<string, V>>

export interface Cache {
  of<V>(options: CacheOptions<V>): CacheOf<V>
}

/**
 * An entry that knows its version, at least as new as `version`: the owner told it a moment ago, so what is older is wrong. This is how
 * relations stay exact when read (ARCHITECTURE.md, Data).
 */
export async function atLeast<V extends { readonly version: number }>(
  cache: CacheOf<V>,
  key: string,
  version: number,
  load: () => Promise<V>,
): Promise<V> {
  const kept = cache.peek(key)
  if (kept !== undefined && kept.version >= version) return kept
  if (kept !== undefined) cache.delete(key)
  const joined = await cache.get(key, load)
  if (joined.version >= version) return joined
  // It joined a load that had begun before `version` was written; one that begins now sees it.
  cache.delete(key)
  return cache.get(key, load)
}
