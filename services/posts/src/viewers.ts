import type { SuspendedPeople } from '@plaza/auth/contract'
import { atLeast } from '@plaza/kernel/cache'
import type { Context } from '@plaza/kernel/call'
import type { UserId } from '@plaza/kernel/contract'
import type { Kit } from '@plaza/kernel/service'
import { type Relations, users } from '@plaza/users/contract'
import type { PostFacts } from './contract.ts'
import type { AuthorVersions } from './versions.ts'

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
  /** How many events their own log in posts has: what is known of what they like must be as new. */
  readonly logVersion: number
}

type KnownViewer = Omit<Viewer, 'logVersion'>

export interface Viewers {
  /** Undefined when nobody is logged in. */
  asker(context: Context): Promise<Asker | undefined>
  /** The same, with their relations exactly as they are now. */
  viewer(context: Context): Promise<Viewer | undefined>
  /** Whether the viewer may see the post: `maySee`, and nobody sees what suspended people wrote. */
  maySee(viewer: Viewer | undefined, post: Seen): boolean
  isSuspended(id: UserId): boolean
}

export function viewersOf(
  { call, cache }: Kit,
  suspended: SuspendedPeople,
  versionOf: AuthorVersions,
): Viewers {
  const kept = cache.of<KnownViewer>({
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
    maySee: (viewer, post) => !suspended.has(post.authorId) && maySee(viewer, post),
    isSuspended: suspended.has,
    viewer: async context => {
      const person = context.identity?.userId
      if (person === undefined) return undefined
      const [asker, logVersion = 0] = await Promise.all([findAsker(context), versionOf(person)])
      const { id, version } = asker!
      const known = await atLeast(kept, id, version, async () =>
        viewerOf(id, await call(users).relations({ id }, context)),
      )
      return { ...known, logVersion }
    },
  }
}

/** What decides who may see a post. */
type Seen = Pick<PostFacts, 'authorId' | 'answeredId' | 'visibility'>

/** Whether the viewer may see the post, its author being welcome here. */
function maySee(viewer: Viewer | undefined, { authorId, answeredId, visibility }: Seen): boolean {
  if (visibility === 'hidden' || visibility === 'gone') return false
  if (viewer === undefined) return visibility === 'public'
  if (viewer.id === authorId) return true
  if (viewer.blocked.has(authorId)) return false
  return visibility === 'public' || viewer.id === answeredId || viewer.following.has(authorId)
}

function viewerOf(id: UserId, { version, following, blocked }: Relations): KnownViewer {
  return { id, version, following: new Set(following), blocked: new Set(blocked) }
}
