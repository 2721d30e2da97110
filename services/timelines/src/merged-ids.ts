import type { PostId } from '@plaza/kernel/contract'
import type { IdSource } from '@plaza/kernel/data'
import type { ReadIds } from './read-ids.ts'
import { aboveInAll, belowInAll, type RecentIds } from './recent-ids.ts'

/** One list: in memory as far as the recent ids go, below them from the database, so that it has neither gap nor early end. */
export function mergedIds(lists: readonly RecentIds[], read: ReadIds): IdSource<PostId> {
  let floor = ''
  for (const list of lists) if (list.floor > floor) floor = list.floor
  return {
    older: (before, count) => {
      const found = belowInAll(lists, before, count)
      // What lies below the highest floor may be missing in one of the lists.
      let whole = found.length
      while (whole > 0 && found[whole - 1]! < floor) whole--
      if (whole === count || (floor === '' && whole === found.length)) return found
      found.length = whole
      return readBelow(found, before, count, read)
    },
    newer: (after, count) =>
      after >= floor ? aboveInAll(lists, after, count) : read({ after, limit: count }),
  }
}

async function readBelow(
  found: PostId[],
  before: PostId | undefined,
  count: number,
  read: ReadIds,
): Promise<PostId[]> {
  const last = found.at(-1) ?? before
  const rest = await read({ limit: count - found.length, ...(last !== undefined && { before: last }) })
  return [...found, ...rest]
}
