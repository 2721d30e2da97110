import type { Context } from '@plaza/kernel/call'
import type { PageOf, PostId, UserId } from '@plaza/kernel/contract'
import { batched, type IdSource, newestFirst } from '@plaza/kernel/data'
import type { Handler, Kit } from '@plaza/kernel/service'
import { userNotFound, users } from '@plaza/users/contract'
import { type AuthorSpan, type Listed, pagesOfAuthors } from './author-list-store.ts'
import type { Authors } from './authors.ts'
import type { Post } from './contract.ts'
import type { CurrentPosts } from './current-posts.ts'
import { type KnownPost, viewOf } from './post-view.ts'
import type { AuthorVersions } from './versions.ts'
import type { FindReactions } from './viewer-reactions.ts'
import type { Viewer, Viewers } from './viewers.ts'

interface Input {
  readonly id: UserId
  readonly replies?: boolean
  readonly cursor?: string
  readonly limit?: number
}

const pages = newestFirst('post', 'a')
const pagesWithReplies = newestFirst('post', 'r')

/** A person's posts, and comments when asked for: all for themselves and who follows them, else the public ones; none where one blocked the other. */
export function listByAuthor(
  kit: Kit,
  current: CurrentPosts,
  authors: Authors,
  viewers: Viewers,
  versionOf: AuthorVersions,
  reactions: FindReactions,
): Handler<Input, PageOf<Post>> {
  const find = spanFinder(kit)
  const tops = topFinder(kit, find)
  return async (input, context) => {
    const isTop = input.cursor === undefined
    const [viewer, authorVersion] = await Promise.all([
      viewers.viewer(context),
      isTop ? versionOf(input.id) : undefined,
    ])
    const author = await authors.get(input.id, viewer, context)
    if (viewers.isSuspended(author.id)) return nothing
    if (viewer?.blocked.has(author.id)) return nothingFor(kit, viewer, author.id, context)
    const seesAll = viewer !== undefined && (viewer.id === author.id || viewer.following.has(author.id))
    const versions = new Map<PostId, number>()
    const findHere: FindSpan = isTop ? span => tops(span, authorVersion ?? 0) : find
    const { replies = false, ...page } = input
    const list = { author: author.id, publicOnly: !seesAll, replies }
    const source = sourceOf(findHere, list, versions)
    return (replies ? pagesWithReplies : pages).read(page, source, async ids => {
      const posts = ids.map(id => current.findAt(id, versions.get(id)!))
      const found = posts.some(post => post instanceof Promise)
        ? await Promise.all(posts)
        : (posts as KnownPost[])
      const stands = reactions(viewer, ids)
      const reaction = stands instanceof Promise ? await stands : stands
      return found.map((post, i) => {
        // What was hidden a moment ago is still listed.
        const isShown = post !== undefined && viewers.maySee(viewer, post.facts)
        return isShown ? viewOf(post, author, reaction[i]) : undefined
      })
    })
  }
}

/** Who was blocked finds nobody there; who blocked finds nothing to read. */
async function nothingFor(
  { call }: Kit,
  viewer: Viewer,
  id: UserId,
  context: Context,
): Promise<PageOf<Post>> {
  const [relation] = await call(users).relationsBetween({ viewer: viewer.id, others: [id] }, context)
  if (relation?.blockedBy) throw userNotFound(`There is no person ${id}.`)
  return nothing
}

const nothing = { items: [], nextCursor: null, prevCursor: null }

function sourceOf(
  find: FindSpan,
  list: Pick<AuthorSpan, 'author' | 'publicOnly' | 'replies'>,
  versions: Map<PostId, number>,
): IdSource<PostId> {
  const ids = async (direction: AuthorSpan['direction'], from: PostId | undefined, limit: number) => {
    const found = find({ ...list, direction, from, limit })
    const listed = found instanceof Promise ? await found : found
    return listed.map(({ id, version }) => {
      versions.set(id, version)
      return id
    })
  }
  return {
    older: (before, count) => ids('older', before, count),
    newer: (after, count) => ids('newer', after, count),
  }
}

type FindSpan = (span: AuthorSpan) => Promise<readonly Listed[]> | readonly Listed[]

/** The top of a list, and the version that its author's log had before it was read. */
interface Top {
  readonly version: number
  readonly listed: readonly Listed[]
}

/** Tops of people's lists, kept in memory until their author's log has another version: what is listed changes with it alone. */
function topFinder(
  { cache }: Kit,
  find: FindSpan,
): (span: AuthorSpan, authorVersion: number) => Promise<readonly Listed[]> | readonly Listed[] {
  const kept = cache.of<Top>({
    name: 'posts.tops-of-lists',
    maxEntries: 20_000,
    freshFor: 600_000,
    weigh: ({ listed }) => listed.length,
    maxWeight: 500_000,
  })
  return (span, version) => {
    if (span.from !== undefined) return find(span)
    const key = keyOf(span)
    const known = kept.peek(key)
    if (known !== undefined && known.version === version) return known.listed
    return Promise.resolve(find(span)).then(listed => {
      kept.set(key, { version, listed })
      return listed
    })
  }
}

/** Parts of people's lists, coalesced across requests. */
function spanFinder({ db, metrics }: Kit): (span: AuthorSpan) => Promise<readonly Listed[]> {
  const find = batched({
    name: 'posts.pages-of-authors',
    load: async (keys: readonly string[]) => {
      const found = await pagesOfAuthors(db, keys.map(spanOf))
      return new Map(found.map((page, i) => [keys[i]!, page]))
    },
    maxKeys: 100,
    metrics,
  })
  return async span => (await find(keyOf(span)))!
}

function keyOf({ author, publicOnly, replies, direction, from, limit }: AuthorSpan): string {
  return `${author} ${publicOnly ? 'public' : 'all'} ${replies ? 'replies' : 'posts'} ${direction} ${from ?? ''} ${limit}`
}

function spanOf(key: string): AuthorSpan {
  const [author, which, kind, direction, from, limit] = key.split(' ')
  return {
    author: author as UserId,
    publicOnly: which === 'public',
    replies: kind === 'replies',
    direction: direction as AuthorSpan['direction'],
    from: from === '' ? undefined : (from as PostId),
    limit: Number(limit),
  }
}
