import type { PageOf } from '../../contract/schemas.ts'
import { decodeCursor, encodeCursor, type KeyOf, type KeyTypes } from './cursor.ts'

/** What to read: at most `limit` rows beside `from`, the nearest first. */
export interface Slice<K extends KeyTypes> {
  /** `next`: what comes after `from` in the list's order; `prev`: what comes before it, in the reverse order. */
  readonly towards: 'next' | 'prev'
  /** The key beside which to read, itself left out; undefined: from the beginning. */
  readonly from: KeyOf<K> | undefined
  /** One more than the page holds: the one more tells whether there is more. */
  readonly limit: number
}

export interface PageRequest {
  readonly limit?: number | undefined
  readonly cursor?: string | undefined
}

export interface PagedList<K extends KeyTypes> {
  /**
   * Reads the page that is asked for. `scope` names what else decides which rows are in it (a filter, a sort order): a cursor holds for one
   * scope. Throws `invalid-cursor`.
   */
  read<R extends KeyOf<K>>(
    request: PageRequest,
    read: (slice: Slice<K>) => Promise<readonly R[]>,
    scope?: string,
  ): Promise<PageOf<R>>
}

/**
 * A list that is read page by page over an index on its keys, never by OFFSET. Its rows have the keys as columns of those names; together they
 * are unique. `nextCursor` is null at the end. `prevCursor` gives what comes before: on the first page too, so that a client can ask a
 * newest-first list what is new; where nothing is, the page is empty and says the same place again.
 * @example
 * const postsOfAuthor = pagedList('posts.by-author', { id: 'uuid' })
 * const page = await postsOfAuthor.read(input, slice =>
 *   slice.towards === 'next' ? older.all(db, { author, from: slice.from?.id ?? lastUuid, limit: slice.limit }) : newer.all(…))
 * return mapPage(page, toPost)
 */
export function pagedList<const K extends KeyTypes>(name: string, keys: K): PagedList<K> {
  return {
    read: async ({ limit = 20, cursor }, read, scope = '') => {
      const list = `${name} ${scope}`
      const place = cursor === undefined ? undefined : decodeCursor(list, keys, cursor)
      const towards = place?.towards ?? 'next'
      const found = await read({ towards, from: place?.from, limit: limit + 1 })
      const hasMore = found.length > limit
      const items = hasMore ? found.slice(0, limit) : [...found]
      if (towards === 'prev') items.reverse()
      // An empty page has no rows to point at: it points where it was asked.
      const first = items[0] ?? place?.from
      const last = items.at(-1) ?? place?.from
      const at = (towards: 'next' | 'prev', from: KeyOf<K> | undefined) =>
        from === undefined ? null : encodeCursor(list, keys, { towards, from })
      return {
        items,
        nextCursor: towards === 'next' && !hasMore ? null : at('next', last),
        prevCursor: at('prev', first),
      }
    },
  }
}

/** The page with its rows turned into what the API shows. */
export function mapPage<R, T>(page: PageOf<R>, show: (row: R) => T): PageOf<T> {
  return { items: page.items.map(show), nextCursor: page.nextCursor, prevCursor: page.prevCursor }
}

/** The greatest UUID: where a newest-first list begins. */
export const lastUuid = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
