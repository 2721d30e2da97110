/** What a post must be, as its author was told. */
export interface ExpectedPost {
  id: string
  readonly key: string
  /** Its texts, the first one first; the last is what it says now. */
  readonly texts: string[]
  deleted: boolean
  /** The post it answers. */
  readonly replyTo?: string
  /** Who likes it. */
  readonly likes: Set<string>
}

/** Somebody who was answered that they are registered. */
export interface Member {
  readonly id: string
  readonly username: string
}

/** Somebody who registers, does a little and erases their account. */
export interface Ghost extends Member {
  erased: boolean
  /** Posts of theirs, gone with them. */
  posts: number
}

/** Every other post lasts, so that others can like and answer it: what is deleted meanwhile would be 404. */
export const isDeletable = ({ key }: ExpectedPost) => Number(key.split('-').at(-1)) % 2 === 1

/** Everything that was answered with success, and nothing else: what must be there after every crash. */
export class Ledger {
  readonly members: Member[] = []
  readonly posts = new Map<string, ExpectedPost[]>()
  /** By follower: whom they follow. */
  readonly follows = new Map<string, Set<string>>()
  readonly ghosts: Ghost[] = []
  /** Posts that nobody deletes. */
  readonly lasting: ExpectedPost[] = []
  readonly #byId = new Map<string, ExpectedPost>()

  addMember(member: Member): void {
    this.members.push(member)
    this.posts.set(member.id, [])
    this.follows.set(member.id, new Set())
  }

  addPost(author: string, post: ExpectedPost): void {
    this.postsOf(author).push(post)
    this.#byId.set(post.id, post)
    if (!isDeletable(post)) this.lasting.push(post)
  }

  findPost(id: string | undefined): ExpectedPost | undefined {
    return id === undefined ? undefined : this.#byId.get(id)
  }

  postsOf(id: string): ExpectedPost[] {
    return this.posts.get(id)!
  }

  followsOf(id: string): Set<string> {
    return this.follows.get(id)!
  }

  /** A person's posts as they must be listed: newest first, answers only where they are asked for. */
  listedPostsOf(id: string, replies = false): ExpectedPost[] {
    return this.postsOf(id)
      .filter(each => !each.deleted && (replies || each.replyTo === undefined))
      .toSorted(newestFirst)
  }

  /** Answers that are there, or whose place is: those to a post, however deep below. */
  get #answered(): ReadonlySet<string> {
    const all = [...this.posts.values()].flat()
    const answered = new Set(all.flatMap(each => (each.deleted ? [] : (each.replyTo ?? []))))
    // What was deleted keeps its place while something is below it, and so does what it answered.
    for (let found = -1; found !== answered.size; ) {
      found = answered.size
      for (const { id, replyTo, deleted } of all)
        if (deleted && replyTo !== undefined && answered.has(id)) answered.add(replyTo)
    }
    return answered
  }

  /** Places of deleted posts that are kept for the answers below them. */
  get tombstones(): number {
    const answered = this.#answered
    return [...this.posts.values()].flat().filter(each => each.deleted && answered.has(each.id)).length
  }

  /** Answers to a post that are not deleted. */
  replyCountOf(id: string): number {
    return [...this.posts.values()].flat().filter(each => each.replyTo === id && !each.deleted).length
  }

  /** A person's home timeline: their own posts and those of whom they follow. */
  homeOf(id: string): ExpectedPost[] {
    return [id, ...this.followsOf(id)].flatMap(author => this.listedPostsOf(author)).toSorted(newestFirst)
  }

  followerCountOf(id: string): number {
    return [...this.follows.values()].filter(each => each.has(id)).length
  }

  get totals() {
    const posts = [...this.posts.values()].flat()
    const ghosts = this.ghosts.length
    const erased = this.ghosts.filter(each => each.erased)
    const ghostPosts = this.ghosts.reduce((sum, each) => sum + each.posts, 0)
    return {
      ghosts,
      erased: erased.length,
      ghostPosts,
      erasedPosts: erased.reduce((sum, each) => sum + each.posts, 0),
      likes: posts.reduce((sum, each) => sum + each.likes.size, 0),
      members: this.members.length,
      posts: posts.length,
      deleted: posts.filter(each => each.deleted).length,
      edits: posts.reduce((sum, each) => sum + each.texts.length - 1, 0),
      follows: [...this.follows.values()].reduce((sum, each) => sum + each.size, 0),
    }
  }
}

const newestFirst = (a: ExpectedPost, b: ExpectedPost) => (a.id < b.id ? 1 : -1)
