import type { Context } from '@plaza/kernel/call'
import type { PageOf, UserId } from '@plaza/kernel/contract'
import { lastUuid, mapPage, pagedList, type Slice, toId, type Uuid } from '@plaza/kernel/data'
import type { Kit } from '@plaza/kernel/service'
import { type Post, posts } from '@plaza/posts/contract'
import { users } from '@plaza/users/contract'
import { type Found, findPosts, type PostSearch, probe } from './find-posts.ts'
import type { IndexView, ViewIndex } from './index-state.ts'
import { canBe, type Language } from './language.ts'
import { type Branch, parseQuery, type Term } from './parse-query.ts'
import type { Stems } from './stems.ts'
import { postsQuery } from './ts-query.ts'

export interface SearchInput {
  readonly q: string
  readonly cursor?: string
  readonly limit?: number
}

type SearchPosts = (input: SearchInput, context: Context) => Promise<PageOf<Post>>

/** `top` is the newest post there was when the first page was read: later ones do not move what was read. */
const keys = { top: 'uuid', score: 'int4', id: 'uuid' } as const
const pages = pagedList('search.posts', keys)

interface Row extends Found {
  readonly top: Uuid
  readonly post: Post
}

/** Ids ranked at a time. Those that the viewer may not see are passed over, so a page may need more than it shows. */
const stride = 250

export function searchPosts(kit: Kit, viewIndex: ViewIndex, stems: Stems): SearchPosts {
  const queryOf = postsQueries(kit, stems)
  return async (input, context) => {
    const branches = parseQuery(input.q)
    const view = await viewIndex()
    const query = await queryOf(branches, view, context)
    const read = async (slice: Slice<typeof keys>): Promise<Row[]> => {
      if (query === undefined) return []
      const { slot, top } = { slot: view.live, top: slice.from?.top ?? lastUuid }
      const { newest, isCommon } = await probe(kit.db, { slot, query, top })
      if (newest === undefined) return []
      const search: PostSearch = {
        slot,
        query,
        byCloseness: termsOf(branches).length > 1,
        publicOnly: context.identity === undefined,
        top: slice.from === undefined ? newest : top,
      }
      const seen = seenBy(kit, context, search.top)
      return slice.towards === 'next'
        ? readOn(from => findPosts(kit.db, search, isCommon, from, stride), slice, seen)
        : readBack(await findPosts(kit.db, search, isCommon), slice, seen)
    }
    return mapPage(await pages.read(input, read, input.q), row => row.post)
  }
}

type Seen = (found: readonly Found[]) => Promise<Row[]>

/** The posts as the one who asks sees them, in their order; what is not for their eyes is left out. */
function seenBy({ call }: Kit, context: Context, top: Uuid): Seen {
  return async found => {
    if (found.length === 0) return []
    const byId = new Map(found.map(each => [toId('post', each.id), each]))
    const seen = await call(posts).seenByIds({ ids: [...byId.keys()] }, context)
    return seen.map(post => ({ ...byId.get(post.id)!, top, post }))
  }
}

async function readOn(
  find: (from: Found | undefined) => Promise<Found[]>,
  { from: start, limit }: Slice<typeof keys>,
  seen: Seen,
): Promise<Row[]> {
  const rows: Row[] = []
  let from: Found | undefined = start
  for (;;) {
    const found = await find(from)
    await collect(found, limit, rows, seen)
    from = found.at(-1)
    if (rows.length >= limit || found.length < stride) return rows
  }
}

async function readBack(
  all: readonly Found[],
  { from, limit }: Slice<typeof keys>,
  seen: Seen,
): Promise<Row[]> {
  const before = all.filter(
    each => each.score > from!.score || (each.score === from!.score && each.id > from!.id),
  )
  const rows: Row[] = []
  await collect(before.toReversed(), limit, rows, async part => (await seen(part.toReversed())).toReversed())
  return rows
}

/** Adds what is seen of `found`, until there are `limit`. */
async function collect(found: readonly Found[], limit: number, rows: Row[], seen: Seen): Promise<void> {
  for (let i = 0; i < found.length && rows.length < limit; ) {
    const part = found.slice(i, i + limit)
    i += part.length
    rows.push(...(await seen(part)).slice(0, limit - rows.length))
  }
}

/** Queries over the index, with the forms of words in the languages there are, and people by their usernames. */
function postsQueries(kit: Kit, stems: Stems) {
  return async (
    branches: readonly Branch[],
    { languages }: IndexView,
    context: Context,
  ): Promise<string | undefined> => {
    const terms = branches.flatMap(({ all, none }) => [...all, ...none])
    const words = [...new Set(terms.flatMap(term => (term.kind === 'word' ? term.word : [])))]
    const usernames = [...new Set(terms.flatMap(term => (term.kind === 'author' ? term.username : [])))]
    const [stemsOfWords, authors] = await Promise.all([
      Promise.all(words.map(async word => [word, await stemsOf(word, languages as Language[])] as const)),
      usernames.length === 0 ? [] : kit.call(users).idsByUsername({ usernames }, context),
    ])
    const stemsByWord = new Map(stemsOfWords)
    const authorIds = new Map<string, UserId>(authors.map(({ username, id }) => [username, id]))
    return postsQuery(branches, {
      stemsOf: word => stemsByWord.get(word)!,
      authorOf: username => authorIds.get(username),
    })
  }

  async function stemsOf(word: string, languages: readonly Language[]): Promise<string[]> {
    const fitting = languages.filter(language => canBe(language, word))
    const found = await Promise.all(fitting.map(each => stems.of(each, word)))
    return found.filter(stem => stem !== undefined)
  }
}

const termsOf = (branches: readonly Branch[]): Term[] => branches.flatMap(({ all }) => all)
