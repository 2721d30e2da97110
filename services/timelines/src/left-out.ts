import type { PostId, UserId } from '@plaza/kernel/contract'
import type { Post } from '@plaza/posts/contract'
import { isRepost } from './entries.ts'
import type { RecentIds } from './recent-ids.ts'
import type { Shown } from './timeline-posts.ts'

type People = { has(person: UserId): boolean; readonly size: number }

/** What is shown; entries of which there is nothing to show are taken out of the lists: their posts were deleted. */
export function withoutDeleted(
  lists: readonly RecentIds[],
  entries: readonly PostId[],
  shown: Shown | Promise<Shown>,
): Shown | Promise<Shown> {
  if (shown instanceof Promise) return shown.then(found => withoutDeleted(lists, entries, found))
  for (let i = 0; i < entries.length; i++) {
    if (shown[i] === undefined) for (const list of lists) list.remove(entries[i]!)
  }
  return shown
}

/** What any of these people wrote or reposted is left out for now: their entries stay where they are. */
export function withoutPeople(
  shown: Shown | Promise<Shown>,
  ...hidden: readonly People[]
): Shown | Promise<Shown> {
  const some = hidden.filter(people => people.size > 0)
  if (some.length === 0) return shown
  if (shown instanceof Promise) return shown.then(found => withoutPeople(found, ...some))
  const isHidden = (id: UserId) => some.some(people => people.has(id))
  return shown.map(post => {
    if (post === undefined || isHidden(post.author.id)) return undefined
    return post.repostedBy !== undefined && isHidden(post.repostedBy.id) ? undefined : post
  })
}

/** Whose home it is. */
export interface Reader {
  readonly id: UserId
  /** Whom they blocked, muted or were blocked by: nothing of theirs comes by reposts. */
  readonly hidden: ReadonlySet<UserId>
}

/** Reposts are for all to see, are of what the reader may and wants to see, and are not of what stands below already. */
export function withoutReposts(
  shown: Shown,
  entries: readonly PostId[],
  repeated: ReadonlySet<PostId>,
  reader: Reader,
): Shown {
  return shown.map((post, i) => {
    const entry = entries[i]!
    if (post === undefined || !isRepost(entry)) return post
    return repeated.has(entry) || !mayReach(post, reader) ? undefined : post
  })
}

function mayReach({ author, visibility, repostedBy, reposted }: Post, { id, hidden }: Reader): boolean {
  // One's own that was taken back, which may not have been heard yet.
  if (repostedBy?.id === id && reposted === false) return false
  return visibility === 'public' && !hidden.has(author.id)
}
