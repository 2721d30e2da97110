import type { PostId } from '@plaza/kernel/contract'
import type { Post } from '@plaza/posts/contract'

/** A post is shown once among so many entries of a home. */
export const among = 4

interface Written {
  readonly by: number
  readonly secret: boolean
  readonly likes: Set<number>
  readonly reposts: Set<number>
  replies: number
}

interface Entry {
  readonly post: PostId
  readonly by: number
  readonly isRepost: boolean
}

/** What home must show, said as plainly as can be. People are numbers. */
export class HomeModel {
  readonly follows = new Set<string>()
  readonly blocks = new Set<string>()
  readonly mutes = new Set<string>()
  readonly suspended = new Set<number>()
  readonly posts = new Map<PostId, Written>()
  /** In the order of time. */
  #entries: Entry[] = []

  post(id: PostId, by: number, secret: boolean): void {
    this.posts.set(id, { by, secret, likes: new Set(), reposts: new Set(), replies: 0 })
    this.#entries.push({ post: id, by, isRepost: false })
  }

  /** Deleted or hidden. */
  remove(id: PostId): void {
    this.posts.delete(id)
    this.#entries = this.#entries.filter(entry => entry.post !== id)
  }

  repost(id: PostId, by: number, holds: boolean): void {
    const { reposts } = this.posts.get(id)!
    if (reposts.has(by) === holds) return
    if (holds) this.#entries.push({ post: id, by, isRepost: true })
    else
      this.#entries = this.#entries.filter(entry => !(entry.isRepost && entry.post === id && entry.by === by))
    if (holds) reposts.add(by)
    else reposts.delete(by)
  }

  relate(does: string, by: number, to: number): void {
    const pair = `${by} ${to}`
    if (does === 'follow') this.follows.add(pair)
    if (does === 'unfollow') this.follows.delete(pair)
    if (does === 'mute') this.mutes.add(pair)
    if (does === 'unmute') this.mutes.delete(pair)
    if (does === 'unblock') this.blocks.delete(pair)
    if (does !== 'block') return
    this.blocks.add(pair)
    this.follows.delete(pair)
    this.follows.delete(`${to} ${by}`)
  }

  areBlocked(one: number, other: number): boolean {
    return this.blocks.has(`${one} ${other}`) || this.blocks.has(`${other} ${one}`)
  }

  /** What somebody may like, answer and (when it is for all) repost. */
  reachOf(person: number): PostId[] {
    const isSeen = ({ by, secret }: Written) =>
      by === person ||
      (!this.suspended.has(by) &&
        !this.areBlocked(person, by) &&
        (!secret || this.follows.has(`${person} ${by}`)))
    return [...this.posts].flatMap(([id, post]) => (isSeen(post) ? [id] : []))
  }

  isReadBy(viewer: number, by: number): boolean {
    return by === viewer || (this.follows.has(`${viewer} ${by}`) && !this.mutes.has(`${viewer} ${by}`))
  }

  /** Each line says all of an entry: see `lineOf`. */
  homeOf(viewer: number): string[] {
    return this.#shownTo(viewer).map(entry => {
      const { likes, reposts, replies } = this.posts.get(entry.post)!
      const reactions = [likes.has(viewer), reposts.has(viewer)]
      return line(entry.post, entry.isRepost ? entry.by : undefined, reactions, [
        likes.size,
        replies,
        reposts.size,
      ])
    })
  }

  /** The own posts, newest first. */
  ownOf(viewer: number): PostId[] {
    return [...this.posts].flatMap(([id, { by }]) => (by === viewer ? [id] : [])).reverse()
  }

  /** What of their own reposts must be in their home, once or more. */
  ownRepostsOf(viewer: number): PostId[] {
    return [...this.posts].flatMap(([id, post]) =>
      post.reposts.has(viewer) && this.#mayReach(viewer, post) ? [id] : [],
    )
  }

  #shownTo(viewer: number): Entry[] {
    const list = this.#entries.filter(entry => this.isReadBy(viewer, entry.by)).reverse()
    return list.filter((entry, i) => {
      const post = this.posts.get(entry.post)!
      if (this.suspended.has(post.by) || this.suspended.has(entry.by)) return false
      if (!entry.isRepost) return true
      const below = list.slice(i + 1, i + among)
      const stands = (each: Entry) =>
        each.post === entry.post && !(each.isRepost && this.suspended.has(each.by))
      return !below.some(stands) && this.#mayReach(viewer, post)
    })
  }

  #mayReach(viewer: number, { by, secret }: Written): boolean {
    if (secret || this.suspended.has(by)) return false
    return by === viewer || !(this.areBlocked(viewer, by) || this.mutes.has(`${viewer} ${by}`))
  }
}

/** What a page says of an entry. */
export function lineOf(post: Post, numberOf: (id: Post['author']['id']) => number): string {
  const by = post.repostedBy && numberOf(post.repostedBy.id)
  const counts = [post.likeCount, post.replyCount, post.repostCount]
  return line(post.id, by, [post.liked, post.reposted], counts)
}

function line(
  post: PostId,
  repostedBy: number | undefined,
  [liked, reposted]: readonly (boolean | undefined)[],
  counts: readonly number[],
): string {
  return `${post} by ${repostedBy} liked ${liked} reposted ${reposted} counts ${counts}`
}
