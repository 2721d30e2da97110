import type { Metrics } from '../telemetry/index.ts'
import type { Cache, CacheOf, CacheOptions, LoadMany } from './cache.ts'

interface Entry<V> {
  value: V
  /** Until when it is fresh, on the cache's clock. */
  freshUntil: number
  used: boolean
  weight: number
  tags: readonly string[]
}

interface Flight<V> {
  readonly answer: Promise<V | undefined>
  readonly tags: readonly string[]
}

/** The memory layer: each process has its own. */
export function memoryCache(metrics: Metrics, now: () => number = Date.now): Cache {
  const all = new Map<string, MemoryCache<never>>()
  const entries = metrics.gauge('plaza_cache_entries', 'Entries kept', ['cache'], () => report())
  const lookups = metrics.counter('plaza_cache_lookups_total', 'Look-ups by cache and outcome', [
    'cache',
    'outcome',
  ])
  const evictions = metrics.counter('plaza_cache_evictions_total', 'Entries that made room', ['cache'])
  // Counted as plain numbers and told when asked: a look-up is too short for a labelled counter.
  const report = () => {
    for (const [cache, each] of all) {
      const { hits, misses, evicted } = each.takeCounts()
      entries.set({ cache }, each.size)
      lookups.inc({ cache, outcome: 'hit' }, hits)
      lookups.inc({ cache, outcome: 'miss' }, misses)
      evictions.inc({ cache }, evicted)
    }
  }
  return {
    of: <V>(options: CacheOptions<V>) => {
      if (all.has(options.name)) throw new Error(`Two caches are named ${options.name}`)
      const cache = new MemoryCache(options, now)
      all.set(options.name, cache as unknown as MemoryCache<never>)
      return cache
    },
  }
}

class MemoryCache<V> implements CacheOf<V> {
  readonly #options: CacheOptions<V>
  readonly #now: () => number
  // In the order of entry; a used one is given a second chance when its turn to leave comes (CLOCK, Corbató 1968).
  readonly #entries = new Map<string, Entry<V>>()
  readonly #flights = new Map<string, Flight<V>>()
  readonly #keysByTag = new Map<string, Set<string>>()
  #weight = 0

  #counts = { hits: 0, misses: 0, evicted: 0 }

  constructor(options: CacheOptions<V>, now: () => number) {
    this.#options = options
    this.#now = now
  }

  get size(): number {
    return this.#entries.size
  }

  /** What was counted since the last time. */
  takeCounts() {
    const counts = this.#counts
    this.#counts = { hits: 0, misses: 0, evicted: 0 }
    return counts
  }

  peek(key: string): V | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined || entry.freshUntil <= this.#now()) {
      this.#counts.misses++
      return undefined
    }
    this.#counts.hits++
    entry.used = true
    return entry.value
  }

  async get(key: string, load: () => Promise<V>, tags: readonly string[] = []): Promise<V> {
    const entry = this.#usable(key)
    if (entry !== undefined) {
      if (entry.freshUntil <= this.#now() && !this.#flights.has(key)) {
        // A renewal that fails leaves the stale entry; the next call tries again.
        this.#fly(key, load, tags).catch(() => {})
      }
      return entry.value
    }
    return (await (this.#flights.get(key)?.answer ?? this.#fly(key, load, tags))) as V
  }

  async getMany(keys: readonly string[], load: LoadMany<V>): Promise<(V | undefined)[]> {
    const missing = new Set<string>()
    const renewed = new Set<string>()
    const answers = keys.map(key => {
      const entry = this.#usable(key)
      if (entry === undefined) {
        if (!this.#flights.has(key)) missing.add(key)
      } else if (entry.freshUntil <= this.#now() && !this.#flights.has(key)) renewed.add(key)
      return entry
    })
    if (renewed.size > 0) this.#flyTogether([...renewed], load)
    if (missing.size > 0) this.#flyTogether([...missing], load)
    const flights = keys.map((key, i) => (answers[i] === undefined ? this.#flights.get(key) : undefined))
    return Promise.all(keys.map((_, i) => answers[i]?.value ?? flights[i]?.answer))
  }

  set(key: string, value: V, tags: readonly string[] = []): void {
    this.#flights.delete(key)
    this.#keep(key, value, tags)
  }

  delete(key: string): void {
    this.#remove(key)
    this.#flights.delete(key)
  }

  dropTag(tag: string): void {
    for (const key of this.#keysByTag.get(tag) ?? []) this.#remove(key)
    for (const [key, flight] of this.#flights) if (flight.tags.includes(tag)) this.#flights.delete(key)
  }

  clear(): void {
    this.#entries.clear()
    this.#flights.clear()
    this.#keysByTag.clear()
    this.#weight = 0
  }

  #usable(key: string): Entry<V> | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined || entry.freshUntil + (this.#options.staleFor ?? 0) <= this.#now()) {
      this.#counts.misses++
      return undefined
    }
    this.#counts.hits++
    entry.used = true
    return entry
  }

  #fly(key: string, load: () => Promise<V>, tags: readonly string[]): Promise<V | undefined> {
    return this.#launch(key, load(), tags)
  }

  #flyTogether(keys: readonly string[], load: LoadMany<V>): void {
    const all = load(keys)
    // Whoever waits for one of the keys hears of the failure.
    for (const key of keys)
      this.#launch(
        key,
        all.then(values => values.get(key)),
        [],
      ).catch(() => {})
  }

  async #launch(key: string, loading: Promise<V | undefined>, tags: readonly string[]) {
    const flight: Flight<V> = { answer: loading, tags }
    this.#flights.set(key, flight)
    try {
      const value = await loading
      // Gone from the flights: the key or a tag was dropped meanwhile, so this may be old.
      if (value !== undefined && this.#flights.get(key) === flight) this.#keep(key, value, tags)
      return value
    } finally {
      if (this.#flights.get(key) === flight) this.#flights.delete(key)
    }
  }

  #keep(key: string, value: V, tags: readonly string[]): void {
    const { freshFor, maxEntries, maxWeight = Number.POSITIVE_INFINITY, weigh } = this.#options
    this.#remove(key)
    const weight = weigh?.(value) ?? 0
    if (weight > maxWeight) return
    while (this.#entries.size >= maxEntries || this.#weight + weight > maxWeight) this.#evictOne()
    this.#entries.set(key, { value, freshUntil: this.#now() + freshFor, used: false, weight, tags })
    this.#weight += weight
    for (const tag of tags) {
      const keys = this.#keysByTag.get(tag)
      if (keys) keys.add(key)
      else this.#keysByTag.set(tag, new Set([key]))
    }
  }

  #evictOne(): void {
    for (const [key, entry] of this.#entries) {
      if (!entry.used) {
        this.#remove(key)
        this.#counts.evicted++
        return
      }
      entry.used = false
      this.#entries.delete(key)
      this.#entries.set(key, entry)
    }
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    this.#weight -= entry.weight
    for (const tag of entry.tags) {
      const keys = this.#keysByTag.get(tag)
      keys?.delete(key)
      if (keys?.size === 0) this.#keysByTag.delete(tag)
    }
  }
}
