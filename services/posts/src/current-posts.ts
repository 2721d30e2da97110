import type { PostId } from '@plaza/kernel/contract'
import { batched } from '@plaza/kernel/data'
import type { Kit } from '@plaza/kernel/service'
import type { Counts } from './contract.ts'
import { findFacts } from './post-store.ts'
import { type KnownPost, knownPost, setCounts } from './post-view.ts'
import type { Versions } from './versions.ts'

export interface CurrentPosts {
  /** The post as it is now, in any topology. */
  find(id: PostId): Promise<KnownPost | undefined>
  /** The post, that had at least this version a moment ago; undefined when it was deleted since. */
  findAt(id: PostId, version: number): Promise<KnownPost | undefined> | KnownPost
  /** A post's counts as they are now, heard after they were committed. */
  counted(counts: Counts): void
  /** Counts may have been missed. */
  clear(): void
}

/**
 * Posts read by key: the database tells the version, and memory what a version says, for an edit makes a new one. So nothing is ever old,
 * and text seldom read twice.
 */
export function currentPosts({ db, cache, metrics }: Kit, versionOf: Versions['ofPost']): CurrentPosts {
  const kept = cache.of<KnownPost>({
    name: 'posts.facts',
    maxEntries: 100_000,
    freshFor: 600_000,
    // An entry with its two views, what they share and a view's JSON; and the text, thrice.
    weigh: ({ facts }) => 2_200 + 3 * facts.text.length,
    maxWeight: 96_000_000,
  })
  const read = batched({ name: 'posts.facts', load: (ids: readonly PostId[]) => findFacts(db, ids), metrics })

  const reading = new Readings()
  const readAndKeep = async (id: PostId) => {
    const reads = reading.begin(id)
    try {
      const facts = await read(id)
      if (facts === undefined) return undefined
      const post = knownPost(facts)
      // Counts that were told meanwhile may be newer than what was read: such a post is shown, and not kept.
      if (!reads.missed) kept.set(id, post)
      return post
    } finally {
      reading.end(id, reads)
    }
  }
  const findAt = (id: PostId, version: number) => {
    const known = kept.peek(id)
    return known !== undefined && known.facts.version >= version ? known : readAndKeep(id)
  }
  return {
    find: async id => {
      // Not known yet: then it is read whole at once.
      if (kept.peek(id) === undefined) return readAndKeep(id)
      const version = await versionOf(id)
      return version === undefined ? undefined : findAt(id, version)
    },
    findAt,
    counted: counts => {
      const known = kept.peek(counts.postId)
      if (known !== undefined) setCounts(known, counts)
      reading.miss(counts.postId)
    },
    clear: () => {
      kept.clear()
      reading.missAll()
    },
  }
}

interface Reads {
  /** Of one post, at this moment. */
  count: number
  missed: boolean
}

/** Which posts are being read, and of which of them something was told meanwhile. */
class Readings {
  readonly #reads = new Map<PostId, Reads>()

  begin(id: PostId): Reads {
    const reads = this.#reads.get(id) ?? { count: 0, missed: false }
    reads.count++
    this.#reads.set(id, reads)
    return reads
  }

  end(id: PostId, reads: Reads): void {
    if (--reads.count === 0) this.#reads.delete(id)
  }

  miss(id: PostId): void {
    const reads = this.#reads.get(id)
    if (reads !== undefined) reads.missed = true
  }

  missAll(): void {
    for (const reads of this.#reads.values()) reads.missed = true
  }
}
