import type { PageOf } from '../../contract/schemas.ts'
import type { IdKind } from '../typeid.ts'
import {
  cursorOf,
  maxSeen,
  type Newer,
  newerThan,
  type Older,
  olderThan,
  type Position,
  positionOf,
  tailOf,
} from './cursor.ts'

/**
 * A list of ids, without a gap. An id may carry more after its 26 letters (what it stands for, say): it comes back as the source gave it, and its place
 * is that of the letters, which no other id of the list has. What a cursor names comes without.
 */
export interface IdSource<I extends string> {
  /** At most `count` ids below `before` (from the top without it), newest first; fewer only at the end. */
  older(before: I | undefined, count: number): readonly I[] | Promise<readonly I[]>
  /** At most `count` ids above `after`, the nearest first; fewer only at the top. */
  newer(after: I, count: number): readonly I[] | Promise<readonly I[]>
}

/** What has these ids, in their order; undefined where there is nothing, or nothing for these eyes. */
export type Show<I extends string, T> = (
  ids: readonly I[],
) => readonly (T | undefined)[] | Promise<readonly (T | undefined)[]>

export interface NewestFirst<I extends string> {
  /** One page, full unless the list ends there. Throws `invalid-cursor`. */
  read<T>(
    page: { readonly cursor?: string; readonly limit?: number },
    source: IdSource<I>,
    show: Show<I, T>,
  ): Promise<PageOf<T>>
}

/**
 * Pages of a list in the order of its UUIDv7 ids, newest first. `nextCursor` goes down without a gap. `prevCursor` gives what came since,
 * also what committed late below newer things that were read; it gives nothing twice. `letter` tells this list's cursors from others'.
 * @example
 * const byAuthor = newestFirst('post', 'a')
 * const page = await byAuthor.read(input, { older: (before, count) => …, newer: (after, count) => … }, ids => findPosts(ids))
 */
export function newestFirst<K extends IdKind>(kind: K, letter: string): NewestFirst<`${K}_${string}`> {
  return {
    read: async ({ cursor, limit = 20 }, source, show) => {
      const position = positionOf(kind, letter, cursor)
      return position.direction === 'older'
        ? readOlder(letter, position, limit, source, show)
        : readNewer(letter, position, limit, source, show)
    },
  }
}

async function readOlder<I extends string, T>(
  list: string,
  { before }: Older<I>,
  limit: number,
  source: IdSource<I>,
  show: Show<I, T>,
): Promise<PageOf<T>> {
  const read: Read<I, T> = { items: [], ids: [] }
  let last = before
  for (;;) {
    const wanted = limit - read.items.length
    const older = source.older(last, wanted + 1)
    const found = isPromise(older) ? await older : older
    const hasMore = found.length > wanted
    const ids = hasMore ? found.slice(0, wanted) : found
    const shown = show(ids)
    keepShown(read, ids, isPromise(shown) ? await shown : shown)
    last = ids.at(-1) ?? last
    if (!hasMore || read.items.length === limit) {
      const nextCursor = hasMore ? olderThan(list, last!) : null
      return {
        items: read.items,
        nextCursor,
        prevCursor: read.items.length > 0 ? newerThan(list, read.ids, Date.now()) : null,
      }
    }
  }
}

async function readNewer<I extends string, T>(
  list: string,
  position: Newer<I>,
  limit: number,
  source: IdSource<I>,
  show: Show<I, T>,
): Promise<PageOf<T>> {
  const passed: I[] = []
  const read: Read<I, T> = { items: [], ids: [] }
  // More than a cursor names, so that a full chunk has something new.
  const chunk = limit + maxSeen + 1
  for (let after = position.after; ; after = passed.at(-1)!) {
    const ids = await source.newer(after, chunk)
    passed.push(...ids)
    let unseen = ids.filter(id => !position.seen.has(tailOf(id)))
    while (unseen.length > 0 && read.items.length < limit) {
      const next = unseen.slice(0, limit - read.items.length)
      unseen = unseen.slice(next.length)
      keepShown(read, next, await show(next))
    }
    if (read.items.length === limit || ids.length < chunk) {
      return newerPage(list, position, read, passed, ids.length < chunk)
    }
  }
}

/** `read` and `passed` (all ids that were looked at) have the nearest to the cursor first; `isTop`: there are no others. */
function newerPage<I extends string, T>(
  list: string,
  position: Position<I> & { readonly direction: 'newer' },
  { items, ids }: Read<I, T>,
  passed: readonly I[],
  isTop: boolean,
): PageOf<T> {
  const newest = ids.at(-1)
  if (newest === undefined) return { items, nextCursor: null, prevCursor: cursorOf(list, position) }
  const below = [...passed.filter(id => id <= newest).reverse(), position.after]
  const above = new Set(position.seen)
  for (const id of below) above.delete(tailOf(id))
  // At the top, what the cursor names and the list no longer has was deleted.
  const seen = isTop ? passed.filter(id => id > newest && above.has(tailOf(id))).map(tailOf) : [...above]
  return {
    items: items.reverse(),
    nextCursor: olderThan(list, ids[0]!),
    prevCursor: newerThan(list, below, Date.now(), seen),
  }
}

/** What a page shows, and the ids it stands at. */
interface Read<I extends string, T> {
  readonly items: T[]
  readonly ids: I[]
}

function keepShown<I extends string, T>(
  { items, ids: at }: Read<I, T>,
  ids: readonly I[],
  shown: readonly (T | undefined)[],
): void {
  for (let i = 0; i < ids.length; i++) {
    const item = shown[i]
    if (item === undefined) continue
    items.push(item)
    at.push(ids[i]!)
  }
}

// What memory has is there without waiting: an await would cost a turn.
function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return value instanceof Promise
}
