/** What a post must be, as its author was told. */
export interface ExpectedPost {
  id: string
  readonly key: string
  /** Its texts, the first one first; the last is what it says now. */
  readonly texts: string[]
  deleted: boolean
}

/** Somebody who was answered that they are registered. */
export interface Member {
  readonly id: string
  readonly username: string
}

/** Everything that was answered with success, and nothing else: what must be there after every crash. */
export class Ledger {
  readonly members: Member[] = []
  readonly posts = new Map<string, ExpectedPost[]>()
  /** By follower: whom they follow. */
  readonly follows = new Map<string, Set<string>>()

  addMember(member: Member): void {
    this.members.push(member)
    this.posts.set(member.id, [])
    this.follows.set(member.id, new Set())
  }

  postsOf(id: string): ExpectedPost[] {
    return this.posts.get(id)!
  }

  followsOf(id: string): Set<string> {
    return this.follows.get(id)!
  }

  /** A person's posts as they must be listed: newest first. */
  listedPostsOf(id: string): ExpectedPost[] {
    return this.postsOf(id)
      .filter(each => !each.deleted)
      .toSorted(newestFirst)
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
    return {
      members: this.members.length,
      posts: posts.length,
      deleted: posts.filter(each => each.deleted).length,
      edits: posts.reduce((sum, each) => sum + each.texts.length - 1, 0),
      follows: [...this.follows.values()].reduce((sum, each) => sum + each.size, 0),
    }
  }
}

const newestFirst = (a: ExpectedPost, b: ExpectedPost) => (a.id < b.id ? 1 : -1)
