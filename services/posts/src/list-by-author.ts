import type { Context } from '@plaza/kernel/call'
import type { PageOf, PostId, UserId } from '@plaza/kernel/contract'
import { batched, type IdSource, newestFirst } from '@plaza/kernel/data'
import type { Handler, Kit } from '@plaza/kernel/service'
import { userNotFound, users } from '@plaza/users/contract'
import type { Authors } from './authors.ts'
import type { Post } from './contract.ts'
import type { CurrentPosts } from './current-posts.ts'
import { type AuthorSpan, type Listed, pagesOfAuthors } from './list-store.ts'
import { type KnownPost, viewOf } from './post-view.ts'
import type { Viewer, Viewers } from './viewers.ts'

interface Input {
  readonly id: UserId
  readonly cursor?: string
  readonly limit?: number
}

const pages = newestFirst('post', 'a')

/** A person's posts: all for themselves and who follows them, else the public ones; none where one blocked the other. */
export function listByAuthor(
  kit: Kit,
  current: CurrentPosts,
  authors: Authors,
  viewers: Viewers,
): Handler<Input, PageOf<Post>> {
  const find = spanFinder(kit)
  return async (input, context) => {
    const viewer = await viewers.viewer(context)
    const author = await authors.get(input.id, viewer, context)
    if (viewer?.blocked.has(author.id)) return nothingFor(kit, viewer, author.id, context)
    const seesAll = viewer !== undefined && (viewer.id === author.id || viewer.following.has(author.id))
    const versions = new Map<PostId, number>()
    return pages.read(input, sourceOf(find, author.id, !seesAll, versions), async ids => {
      const posts = ids.map(id => current.findAt(id, versions.get(id)!))
      const found = posts.some(post => post instanceof Promise)
        ? await Promise.all(posts)
        : (posts as KnownPost[])
      return found.map(post => post && viewOf(post, author, viewer !== undefined))
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
  return { items: [], nextCursor: null, prevCursor: null }
}

function sourceOf(
  find: FindSpan,
  author: UserId,
  publicOnly: boolean,
  versions: Map<PostId, number>,
): IdSource<PostId> {
  const ids = async (direction: AuthorSpan['direction'], from: PostId | undefined, limit: number) => {
    const listed = await find({ author, publicOnly, direction, from, limit })
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

type FindSpan = (span: AuthorSpan) => Promise<readonly Listed[]>

/** Parts of people's lists, coalesced across requests. */
function spanFinder({ db, metrics }: Kit): FindSpan {
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

function keyOf({ author, publicOnly, direction, from, limit }: AuthorSpan): string {
  return `${author} ${publicOnly ? 'public' : 'all'} ${direction} ${from ?? ''} ${limit}`
}

function spanOf(key: string): AuthorSpan {
  const [author, which, direction, from, limit] = key.split(' ')
  return {
    author: author as UserId,
    publicOnly: which === 'public',
    direction: direction as AuthorSpan['direction'],
    from: from === '' ? undefined : (from as PostId),
    limit: Number(limit),
  }
}
