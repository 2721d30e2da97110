import { atLeast } from '@plaza/kernel/cache'
import type { Context } from '@plaza/kernel/call'
import type { UserId } from '@plaza/kernel/contract'
import type { Kit } from '@plaza/kernel/service'
import { type Relations, users } from '@plaza/users/contract'
import type { PostFacts } from './contract.ts'

/** Who asks, and how new what is known of them must be: the version was read from its owner for this request. */
export interface Asker {
  readonly id: UserId
  /** Of their relations and their profile. */
  readonly version: number
}

/** Who looks, and what decides whose posts they may see. */
export interface Viewer extends Asker {
  readonly following: ReadonlySet<UserId>
  /** Whom they blocked and who blocked them. */
  readonly blocked: ReadonlySet<UserId>
}

export interface Viewers {
  /** Undefined when nobody is logged in. */
  asker(context: Context): Promise<Asker | undefined>
  /** The same, with their relations exactly as they are now. */
  viewer(context: Context): Promise<Viewer | undefined>
}

export function viewersOf({ call, cache }: Kit): Viewers {
  const kept = cache.of<Viewer>({
    name: 'posts.viewers',
    maxEntries: 20_000,
    freshFor: 600_000,
    weigh: viewer => viewer.following.size + viewer.blocked.size,
    maxWeight: 1_000_000,
  })
  const findAsker = async (context: Context): Promise<Asker | undefined> => {
    const id = context.identity?.userId
    if (id === undefined) return undefined
    const [current] = await call(users).relationVersions({ ids: [id] }, context)
    return { id, version: current?.version ?? 0 }
  }
  return {
    asker: findAsker,
    viewer: async context => {
      const asker = await findAsker(context)
      if (asker === undefined) return undefined
      const { id, version } = asker
      return atLeast(kept, id, version, async () =>
        viewerOf(id, await call(users).relations({ id }, context)),
      )
    },
  }
}

/** Whether the viewer may see the post. */
export function maySee(viewer: Viewer | undefined, { authorId, visibility }: PostFacts): boolean {
  if (viewer === undefined) return visibility === 'public'
  if (viewer.id === authorId) return true
  if (viewer.blocked.has(authorId)) return false
  return visibility === 'public' || viewer.following.has(authorId)
}

function viewerOf(id: UserId, { version, following, blocked }: Relations): Viewer {
  return { id, version, following: new Set(following), blocked: new Set(blocked) }
}
