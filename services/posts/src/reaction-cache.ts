import type { Cache, CacheOf } from '@plaza/kernel/cache'
import type { PostId, UserId } from '@plaza/kernel/contract'
import type { Reaction, Reactions } from './contract.ts'

/** What one person liked and reposted among the newest posts, as of a version of their log. */
interface Known {
  version: number
  readonly liked: Set<PostId>
  readonly likedFloor: string
  readonly reposted: Set<PostId>
  readonly repostedFloor: string
}

type Change = 'liked' | 'unliked' | 'reposted' | 'unreposted'

/** Posts of each kind that are remembered of a person; older ones are asked for. */
export const rememberedReactions = 500

/**
 * What people who look at posts liked and reposted: kept in memory under the version of their log, fed by its events, and read again when
 * their log is ahead. So one's own like shows at once, in every topology, and a page costs no query.
 */
export class ReactionCache {
  readonly #kept: CacheOf<Known>
  readonly #load: (person: UserId) => Promise<Reactions>

  constructor(cache: Cache, name: string, load: (person: UserId) => Promise<Reactions>) {
    this.#load = load
    this.#kept = cache.of<Known>({
      name,
      maxEntries: 20_000,
      freshFor: 600_000,
      weigh: ({ liked, reposted }) => 4 + liked.size + reposted.size,
      maxWeight: 1_000_000,
    })
  }

  /**
   * What tells the person's reaction to a post, at least as new as `version` of their log; undefined for a post so old that memory does not
   * know. Given at once when memory has it.
   */
  of(person: UserId, version: number): ReactionTo | Promise<ReactionTo> {
    const known = this.#kept.peek(person)
    return known !== undefined && known.version >= version ? reactionTo(known) : this.#read(person, version)
  }

  /** The person's log was heard up to this version; call it for each of its events, in their order. */
  hear(person: UserId, version: number, change?: Change, post?: PostId): void {
    const known = this.#kept.peek(person)
    if (known === undefined) {
      // What is being loaded may have been read before this.
      this.#kept.delete(person)
      return
    }
    if (version <= known.version) return
    if (version > known.version + 1) {
      this.#kept.delete(person)
      return
    }
    known.version = version
    if (change === 'liked') known.liked.add(post!)
    else if (change === 'unliked') known.liked.delete(post!)
    else if (change === 'reposted') known.reposted.add(post!)
    else if (change === 'unreposted') known.reposted.delete(post!)
    // It was weighed when it was loaded: one who likes without end is read again.
    if (known.liked.size + known.reposted.size > 4 * rememberedReactions) this.#kept.delete(person)
  }

  /** Events may have been missed. */
  clear(): void {
    this.#kept.clear()
  }

  async #read(person: UserId, version: number): Promise<ReactionTo> {
    for (let tries = 0; tries < 3; tries++) {
      this.#kept.delete(person)
      const known = await this.#kept.get(person, async () => toKnown(await this.#load(person)))
      // One that joined what another reader had begun to load may lack what was written since.
      if (known.version >= version) return reactionTo(known)
    }
    return reactionTo(toKnown(await this.#load(person)))
  }
}

export type ReactionTo = (post: PostId) => Reaction | undefined

function reactionTo({ liked, likedFloor, reposted, repostedFloor }: Known): ReactionTo {
  return post => {
    if (post < likedFloor || post < repostedFloor) return undefined
    const [isLiked, isReposted] = [liked.has(post), reposted.has(post)]
    if (isLiked) return isReposted ? both : onlyLiked
    return isReposted ? onlyReposted : neither
  }
}

const neither: Reaction = { liked: false, reposted: false }
const onlyLiked: Reaction = { liked: true, reposted: false }
const onlyReposted: Reaction = { liked: false, reposted: true }
const both: Reaction = { liked: true, reposted: true }

function toKnown({ version, liked, likedFloor, reposted, repostedFloor }: Reactions): Known {
  return { version, liked: new Set(liked), likedFloor, reposted: new Set(reposted), repostedFloor }
}
