import { atLeast, type CacheOf } from '@plaza/kernel/cache'
import type { Context } from '@plaza/kernel/call'
import type { UserId } from '@plaza/kernel/contract'
import type { Kit } from '@plaza/kernel/service'
import { posts } from '@plaza/posts/contract'
import { users } from '@plaza/users/contract'

/** Who looks, and how new what they see must be: both versions were read from their owners for this request. */
export interface Viewer {
  readonly id: UserId
  readonly relationVersion: number
  /** Of the own log of posts. */
  readonly ownVersion: number
}

/** Undefined when nobody is logged in. */
export type FindViewer = (context: Context) => Promise<Viewer | undefined>

export function viewerFinder({ call }: Kit): FindViewer {
  return async context => {
    const id = context.identity?.userId
    if (id === undefined) return undefined
    const ids = { ids: [id] }
    const [[relations], [own]] = await Promise.all([
      call(users).relationVersions(ids, context),
      call(posts).authorVersions(ids, context),
    ])
    return { id, relationVersion: relations?.version ?? 0, ownVersion: own?.version ?? 0 }
  }
}

interface Hidden {
  readonly version: number
  readonly ids: ReadonlySet<UserId>
}

/** Whose posts a viewer does not want or may not see in lists of everybody's posts. */
export type FindHidden = (viewer: Viewer | undefined, context: Context) => Promise<ReadonlySet<UserId>>

export function hiddenFinder({ call, cache }: Kit): FindHidden {
  const kept: CacheOf<Hidden> = cache.of<Hidden>({
    name: 'timelines.hidden',
    maxEntries: 50_000,
    freshFor: 600_000,
    weigh: ({ ids }) => ids.size,
    maxWeight: 1_000_000,
  })
  return async (viewer, context) => {
    if (viewer === undefined) return nobody
    const { id, relationVersion } = viewer
    const { ids } = await atLeast(kept, id, relationVersion, async () => {
      const { version, blocked, muted } = await call(users).relations({ id }, context)
      return { version, ids: blocked.length + muted.length === 0 ? nobody : new Set([...blocked, ...muted]) }
    })
    return ids
  }
}

const nobody: ReadonlySet<UserId> = new Set()
