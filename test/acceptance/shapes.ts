/** What API.md promises, said once more: the tests must not believe the contracts. */
export interface Page<T> {
  readonly items: readonly T[]
  readonly nextCursor: string | null
  readonly prevCursor: string | null
}

export interface Profile {
  readonly id: string
  readonly username: string
  readonly displayName: string
  readonly bio: string
  readonly avatarUrl: string | null
  readonly followerCount: number
  readonly followingCount: number
  readonly postCount: number
  readonly createdAt: string
  readonly following?: boolean
  readonly followedBy?: boolean
}

export interface OwnProfile extends Profile {
  readonly email: string
  readonly emailVerified: boolean
  readonly roles: readonly string[]
}

export interface Tokens {
  readonly accessToken: string
  readonly refreshToken: string
  readonly expiresIn: number
}

export interface SignedIn extends Tokens {
  readonly user: OwnProfile
}

export interface Post {
  readonly id: string
  readonly author: Pick<Profile, 'id' | 'username' | 'displayName' | 'avatarUrl'>
  readonly text: string
  readonly tags: readonly string[]
  readonly mentions: readonly { readonly id: string; readonly username: string }[]
  readonly media: readonly unknown[]
  readonly products: readonly unknown[]
  readonly replyTo: string | null
  readonly visibility: 'public' | 'followers'
  readonly likeCount: number
  readonly replyCount: number
  readonly repostCount: number
  readonly liked?: boolean
  readonly reposted?: boolean
  readonly repostedBy?: Post['author']
  readonly repostedAt?: string
  readonly deleted?: boolean
  readonly createdAt: string
  readonly editedAt: string | null
}

export interface Thread {
  readonly ancestors: readonly Post[]
  readonly post: Post
  readonly descendants: readonly Post[]
  readonly nextCursor: string | null
}

export interface Job {
  readonly id: string
  readonly kind: string
  readonly status: 'queued' | 'running' | 'done' | 'failed'
  readonly progress: { readonly done: number; readonly total: number }
  readonly result?: unknown
  readonly error?: string
}

export interface Report {
  readonly id: string
  readonly postId: string
  readonly reason: string
  readonly status: string
}

export interface Edit {
  readonly version: number
  readonly text: string
  readonly writtenAt: string
}

/** An id of this kind as API.md writes them: a TypeID (base32 without i, l, o, u; 128 bits). */
export const idShape = (kind: string) => new RegExp(`^${kind}_[0-7][0-9a-hjkmnp-tv-z]{25}$`)

/** RFC 3339 in UTC. */
export const timeShape = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/
