import type { PostId, UserId } from '@plaza/kernel/contract'
import { batched } from '@plaza/kernel/data'
import type { Handlers, Kit } from '@plaza/kernel/service'
import { type posts, type Reaction, type Reactions, rememberedReactions } from './contract.ts'
import { ReactionCache, type ReactionTo } from './reaction-cache.ts'
import { findReactions, findReactionsTo } from './reaction-store.ts'
import type { FindReactions } from './viewer-reactions.ts'

/** How people stand to posts: from memory, at the version that their log has now; what is older than memory knows is asked for. */
export interface PeoplesReactions {
  readonly find: FindReactions
  readonly cache: ReactionCache
  /** What other services ask. */
  readonly handlers: Pick<Handlers<typeof posts>, 'reactions' | 'reactionsTo'>
}

const neither: Reaction = { liked: false, reposted: false }

export function peoplesReactions({ db, cache, metrics }: Kit): PeoplesReactions {
  const load = (person: UserId) => newest(db, person, rememberedReactions)
  const known = new ReactionCache(cache, 'posts.reactions', load)
  const ask = batched({
    name: 'posts.reactions-to',
    load: async (pairs: readonly string[]) => {
      const split = pairs.map(pair => pair.split(' ') as [UserId, PostId])
      const people = split.map(([person]) => person)
      const found = await findReactionsTo(db, { people, posts: split.map(([, post]) => post) })
      return new Map(
        found.map(({ place, liked, reposted }) => [pairs[place]!, { liked, reposted } satisfies Reaction]),
      )
    },
    metrics,
  })

  const complete = (person: UserId, reactionTo: ReactionTo, ids: readonly PostId[]) => {
    const found = ids.map(reactionTo)
    if (!found.includes(undefined)) return found
    return Promise.all(
      found.map(async (reaction, i) => reaction ?? (await ask(`${person} ${ids[i]!}`)) ?? neither),
    )
  }
  return {
    cache: known,
    find: (viewer, ids) => {
      if (viewer === undefined || ids.length === 0) return ids.map(() => undefined)
      const reactionTo = known.of(viewer.id, viewer.logVersion)
      return reactionTo instanceof Promise
        ? reactionTo.then(found => complete(viewer.id, found, ids))
        : complete(viewer.id, reactionTo, ids)
    },
    handlers: {
      reactions: ({ id, limit }) => newest(db, id, limit),
      reactionsTo: async ({ id, ids }) => {
        const found = await findReactionsTo(db, { people: ids.map(() => id), posts: ids })
        const those = (kind: keyof Reaction) => found.filter(row => row[kind]).map(row => ids[row.place]!)
        return { liked: those('liked'), reposted: those('reposted') }
      },
    },
  }
}

/** What a person reacted to among the newest posts: as many of each kind, and down to where each list is complete. */
async function newest(db: Kit['db'], person: UserId, limit: number): Promise<Reactions> {
  const { version, liked, reposted } = await findReactions(db, person, limit)
  const floor = (ids: readonly PostId[]) => (ids.length < limit ? '' : ids.at(-1)!)
  return { version, liked, likedFloor: floor(liked), reposted, repostedFloor: floor(reposted) }
}
