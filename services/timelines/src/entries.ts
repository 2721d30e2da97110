import type { PostId, UserId } from '@plaza/kernel/contract'
import { timeOf } from '@plaza/kernel/data'

// What stands in a timeline is a post's id, or a repost: `post_<its own 26 letters>~<post id>~<id of who reposted>`. The order of both is that
// of their first 31 letters.

/** `post_` and 26 letters. */
const idLength = 31

/** Reposts of one event share this string, in whatever list they stand. */
export function repostEntry(repostId: PostId, postId: PostId, userId: UserId): PostId {
  return `${repostId}~${postId}~${userId}`
}

export function isRepost(entry: PostId): boolean {
  return entry.length > idLength
}

/** What gives the entry its place: a post's id, or the repost's own. */
export function placeOf(entry: PostId): PostId {
  return isRepost(entry) ? (entry.slice(0, idLength) as PostId) : entry
}

/** The post that it shows. */
export function postOf(entry: PostId): PostId {
  return isRepost(entry) ? (entry.slice(idLength + 1, 2 * idLength + 1) as PostId) : entry
}

/** Who reposted it; only for a repost. */
export function reposterOf(entry: PostId): UserId {
  return entry.slice(2 * idLength + 2) as UserId
}

/** When it was reposted (RFC 3339); only for a repost. */
export function repostedAt(entry: PostId): string {
  return new Date(timeOf(placeOf(entry))).toISOString()
}
