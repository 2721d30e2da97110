import { auth } from '@plaza/auth/contract'
import type { Context } from '@plaza/kernel/call'
import type { PostId, UserId } from '@plaza/kernel/contract'
import { type Db, newId, randomShard, shardOf, timeOf } from '@plaza/kernel/data'
import { appendEvents, newEvent } from '@plaza/kernel/events'
import { type Handlers, service } from '@plaza/kernel/service'
import { type Post, type PostFacts, posts } from '@plaza/posts/contract'
import { type PersonFacts, type Profile, users } from '@plaza/users/contract'

/** Who stands how to whom, for both services. */
export function fakeRelations() {
  const pairs = { follow: new Set<string>(), block: new Set<string>() }
  const suspended = new Set<UserId>()
  return {
    suspended,
    relate: (kind: keyof typeof pairs, of: UserId, other: UserId) => pairs[kind].add(`${of} ${other}`),
    follows: (of: UserId, other: UserId) => pairs.follow.has(`${of} ${other}`),
    blocks: (of: UserId, other: UserId) => pairs.block.has(`${of} ${other}`),
  }
}
type Relations = ReturnType<typeof fakeRelations>

type NewPost = Partial<Pick<PostFacts, 'id' | 'tags' | 'visibility' | 'likeCount'>>
type Gate = (ids: readonly string[]) => Promise<void>

/** A posts service with the posts a test gives it: it answers and tells as the contract says. */
export function fakePosts(relations: Relations) {
  const facts = new Map<PostId, PostFacts>()
  let db: Db
  /** Runs after facts were read and before they are told: for what happens in between. */
  let gate: Gate = async () => {}
  const tell = (...events: ReturnType<typeof newEvent>[]) =>
    db.transaction(async tx => {
      await appendEvents(tx, events)
    })
  const read = async (found: PostFacts[]) => {
    await gate(found.map(each => each.id))
    return found
  }
  const maySee = ({ authorId, visibility }: PostFacts, viewer: UserId | undefined) => {
    if (relations.suspended.has(authorId)) return false
    if (viewer === undefined) return visibility === 'public'
    if (relations.blocks(viewer, authorId) || relations.blocks(authorId, viewer)) return false
    return visibility === 'public' || viewer === authorId || relations.follows(viewer, authorId)
  }
  const known: Partial<Handlers<typeof posts>> = {
    byIds: ({ ids }) => read(ids.flatMap(id => facts.get(id) ?? [])),
    pageAll: ({ after, limit }) => {
      const ids = [...facts.keys()].filter(id => id > (after ?? '')).sort()
      return read(ids.slice(0, limit).map(id => facts.get(id)!))
    },
    seenByIds: ({ ids }, context: Context) => {
      const viewer = context.identity?.userId
      return ids.flatMap(id => {
        const post = facts.get(id)
        return post !== undefined && maySee(post, viewer) ? asPost(post, viewer !== undefined) : []
      })
    },
  }
  const put = (authorId: UserId, text: string, given: NewPost = {}): PostFacts => {
    const post = postFacts(authorId, text, given)
    facts.set(post.id, post)
    return post
  }
  const posted = ({ id, authorId, visibility }: PostFacts) =>
    newEvent(posts, 'posted', authorId, {
      postId: id,
      authorId,
      visibility: visibility as 'public' | 'followers',
    })
  return {
    service: service(posts, undefined, kit => {
      db = kit.db
      return { handlers: withRefusals(posts.operations, known) }
    }),
    facts,
    setGate: (next: Gate) => {
      gate = next
    },
    /** A post that no event tells of. */
    put,
    add: async (authorId: UserId, text: string, given?: NewPost): Promise<PostId> => {
      const post = put(authorId, text, given)
      await tell(posted(post))
      return post.id
    },
    addMany: async (all: readonly { author: UserId; text: string }[]): Promise<PostId[]> => {
      const made = all.map(({ author, text }) => put(author, text))
      for (let i = 0; i < made.length; i += 200) await tell(...made.slice(i, i + 200).map(posted))
      return made.map(post => post.id)
    },
    edit: async (id: PostId, text: string) => {
      const { authorId, version, ...rest } = facts.get(id)!
      facts.set(id, { ...rest, authorId, text, version: version + 1, editedAt: new Date().toISOString() })
      await tell(newEvent(posts, 'edited', authorId, { postId: id, authorId }))
    },
    remove: async (id: PostId, how: 'deleted' | 'hidden' = 'deleted') => {
      const { authorId } = facts.get(id)!
      facts.delete(id)
      await tell(newEvent(posts, how, authorId, { postId: id, authorId }))
    },
    count: async (id: PostId, likes: number) => {
      facts.set(id, { ...facts.get(id)!, likeCount: likes })
      await tell(
        newEvent(posts, 'counted', 'counts', { counts: [{ postId: id, likes, replies: 0, reposts: 0 }] }),
      )
    },
    /** The same event once more, late. */
    tellAgain: async (id: PostId, authorId: UserId) => {
      await tell(newEvent(posts, 'posted', authorId, { postId: id, authorId, visibility: 'public' }))
    },
  }
}

/** A users service with the people a test gives it. */
export function fakeUsers(relations: Relations) {
  const facts = new Map<UserId, PersonFacts>()
  let db: Db
  const tell = (event: ReturnType<typeof newEvent>) =>
    db.transaction(async tx => {
      await appendEvents(tx, [event])
    })
  const changed = (userId: UserId) => tell(newEvent(users, 'profileChanged', userId, { userId }))
  const known: Partial<Handlers<typeof users>> = {
    byIds: ({ ids }) => ids.flatMap(id => facts.get(id) ?? []),
    pageAll: ({ after, limit }) => {
      const ids = [...facts.keys()].filter(id => id > (after ?? '')).sort()
      return ids.slice(0, limit).map(id => facts.get(id)!)
    },
    seenProfiles: ({ ids }, { identity }: Context) =>
      ids.flatMap(id => {
        const person = facts.get(id)
        const isHidden = identity !== undefined && relations.blocks(id, identity.userId)
        return person === undefined || isHidden || relations.suspended.has(id) ? [] : asProfile(person)
      }),
    idsByUsername: ({ usernames }) =>
      usernames.flatMap(username => {
        const person = [...facts.values()].find(each => each.username === username)
        return person === undefined ? [] : { username, id: person.id }
      }),
  }
  return {
    service: service(users, undefined, kit => {
      db = kit.db
      return { handlers: withRefusals(users.operations, known) }
    }),
    facts,
    put: (username: string, displayName = username, bio = ''): UserId => {
      const id = newId('user', randomShard())
      facts.set(id, { id, username, displayName, bio, followerCount: 0, version: 1 })
      return id
    },
    tellChanged: changed,
    edit: async (id: UserId, edit: Partial<Pick<PersonFacts, 'displayName' | 'bio'>>) => {
      const before = facts.get(id)!
      facts.set(id, { ...before, ...edit, version: before.version + 1 })
      await changed(id)
    },
    setFollowers: async (id: UserId, followerCount: number) => {
      facts.set(id, { ...facts.get(id)!, followerCount })
      await tell(newEvent(users, 'followed', id, { followerId: id, followeeId: id }))
    },
  }
}

/** An auth service that tells of people who were erased. */
export function fakeAuth() {
  let db: Db
  return {
    service: service(auth, undefined, kit => {
      db = kit.db
      return { handlers: withRefusals(auth.operations, {}) }
    }),
    tellErased: (userId: UserId) =>
      db.transaction(async tx => {
        await appendEvents(tx, [newEvent(auth, 'erased', userId, { userId })])
      }),
  }
}

function postFacts(authorId: UserId, text: string, given: NewPost): PostFacts {
  const id = given.id ?? newId('post', shardOf(authorId))
  return {
    id,
    authorId,
    text,
    tags: [],
    mentions: [],
    replyTo: null,
    rootId: null,
    answeredId: null,
    visibility: 'public',
    likeCount: 0,
    replyCount: 0,
    repostCount: 0,
    createdAt: new Date(timeOf(id)).toISOString(),
    editedAt: null,
    version: 1,
    ...given,
  }
}

function asPost({ authorId, rootId: _, answeredId: __, ...facts }: PostFacts, isLoggedIn: boolean): Post {
  const author = { id: authorId, username: 'somebody', displayName: 'Somebody', avatarUrl: null }
  const visibility = facts.visibility as 'public' | 'followers'
  return {
    ...facts,
    author,
    visibility,
    media: [],
    products: [],
    ...(isLoggedIn && { liked: false, reposted: false }),
  }
}

function asProfile({ followerCount, ...facts }: PersonFacts): Profile {
  return {
    ...facts,
    avatarUrl: null,
    followerCount,
    followingCount: 0,
    postCount: 0,
    createdAt: new Date(timeOf(facts.id)).toISOString(),
  }
}

// What search must never ask fails the test that asks it.
function withRefusals<H extends object>(operations: Readonly<Record<string, unknown>>, known: Partial<H>): H {
  const refuse = (name: string) => () => {
    throw new Error(`search asked for ${name}`)
  }
  return Object.fromEntries(
    Object.keys(operations).map(name => [name, known[name as keyof H] ?? refuse(name)]),
  ) as H
}
