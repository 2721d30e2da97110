import type { PostId } from '@plaza/kernel/contract'
import {
  appendEvents,
  broadcast,
  type EventOf,
  newEvent,
  type Subscription,
  sharedInBatches,
} from '@plaza/kernel/events'
import { posts } from './contract.ts'
import { addToCounts, type CountChange } from './count-store.ts'
import type { CurrentPosts } from './current-posts.ts'
import type { ReactionCache } from './reaction-cache.ts'

/** Milliseconds between two additions: what comes meanwhile is added up, so that a post of the hour is one row a time. */
const pace = 100
/** Posts told by one event. */
const perEvent = 500

const changing = ['posted', 'deleted', 'hidden', 'liked', 'unliked', 'reposted', 'unreposted'] as const
type Changing = EventOf<typeof posts, (typeof changing)[number]>

/**
 * Likes, answers and reposts of each post, added up from this service's own log: each event once, for the place in the log is moved in the same
 * transaction. So they lag a moment and never drift, and who likes waits for nobody.
 */
export function countReactions(): Subscription {
  return sharedInBatches(
    'counts',
    posts,
    changing,
    async (events, tx) => {
      const changes = sumOf(events)
      if (changes.size === 0) return
      const counts = await addToCounts(tx, changes)
      const news = []
      for (let i = 0; i < counts.length; i += perEvent)
        news.push(newEvent(posts, 'counted', 'counts', { counts: counts.slice(i, i + perEvent) }))
      await appendEvents(tx, news)
    },
    { pace },
  )
}

/** What these events change of each post's counts. */
function sumOf(events: readonly Changing[]): ReadonlyMap<PostId, CountChange> {
  const sums = new Map<PostId, { likes: number; replies: number; reposts: number }>()
  const add = (id: PostId | undefined, kind: keyof CountChange, change: number) => {
    if (id === undefined) return
    const sum = sums.get(id) ?? { likes: 0, replies: 0, reposts: 0 }
    sum[kind] += change
    sums.set(id, sum)
  }
  for (const { type, data } of events as readonly Told[]) {
    if (type === 'posted') add(data.replyTo, 'replies', 1)
    else if (type === 'deleted' || type === 'hidden') add(data.replyTo, 'replies', -1)
    else if (type === 'liked') add(data.postId, 'likes', 1)
    else if (type === 'unliked') add(data.postId, 'likes', -1)
    else if (type === 'reposted') add(data.postId, 'reposts', 1)
    else add(data.postId, 'reposts', -1)
  }
  return sums
}

// What the events have in common: the compiler sees `type` and `data` apart.
interface Told {
  readonly type: Changing['type']
  readonly data: { readonly postId: PostId; readonly replyTo?: PostId }
}

/** What this instance keeps in memory hears what changed: counts, and what people did. */
export function hearChanges(current: CurrentPosts, reactions: ReactionCache): Subscription {
  const acted = ({ data, version }: EventOf<typeof posts, 'posted' | 'edited' | 'deleted' | 'hidden'>) =>
    reactions.hear(data.authorId, version)
  const reacted = (type: 'liked' | 'unliked' | 'reposted' | 'unreposted') => (event: Reacted) =>
    reactions.hear(event.data.userId, event.version, type, event.data.postId)
  return broadcast(
    'own-log',
    posts,
    {
      posted: acted,
      edited: acted,
      deleted: acted,
      hidden: acted,
      liked: reacted('liked'),
      unliked: reacted('unliked'),
      reposted: reacted('reposted'),
      unreposted: reacted('unreposted'),
      counted: ({ data }) => {
        for (const counts of data.counts) current.counted(counts)
      },
    },
    () => {
      reactions.clear()
      current.clear()
    },
  )
}

type Reacted = EventOf<typeof posts, 'liked' | 'unliked' | 'reposted' | 'unreposted'>
