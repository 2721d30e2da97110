import type { PostId, UserId } from '@plaza/kernel/contract'
import type { IdSource } from '@plaza/kernel/data'
import { isRepost, postOf, reposterOf } from './entries.ts'

/** A post is shown once among so many entries. */
export const onceAmong = 50

export interface OnceOptions {
  readonly among: number
  /** Whose reposts are not shown, so that they keep no other from being shown. */
  readonly ignores: (person: UserId) => boolean
}

const none: ReadonlySet<PostId> = new Set()

/**
 * Which of these entries of a list are reposts of what stands among the entries below them: they are left out, for what was read already does not
 * move. `source` is the list as it is, so that pages agree on it wherever they begin. Given at once when memory has it.
 */
export function findRepeated(
  source: IdSource<PostId>,
  entries: readonly PostId[],
  options: OnceOptions,
): ReadonlySet<PostId> | Promise<ReadonlySet<PostId>> {
  const reposts = entries.filter(isRepost).sort()
  const [lowest, top] = [reposts[0], reposts.at(-1)]
  if (lowest === undefined || top === undefined) return none
  // Read downwards they have no gap. Upwards, what the reader has seen already is not among them.
  const hasNoGap = entries[0]! >= entries.at(-1)!
  const window = hasNoGap ? entries.slice(entries.indexOf(top)) : [top]
  const count = hasNoGap ? options.among - 1 : entries.length + options.among
  const found = source.older(window.at(-1), count)
  const read: Reading = { source, window, lowest, count, options }
  return found instanceof Promise || !isEnough(found, read) ? readOn(found, read) : repeatedOf(found, read)
}

interface Reading {
  readonly source: IdSource<PostId>
  readonly window: PostId[]
  readonly lowest: PostId
  /** Asked for at once. */
  readonly count: number
  readonly options: OnceOptions
}

async function readOn(
  first: readonly PostId[] | Promise<readonly PostId[]>,
  read: Reading,
): Promise<ReadonlySet<PostId>> {
  const { source, window, count } = read
  for (let found = await first; ; found = await source.older(window.at(-1), count)) {
    if (isEnough(found, read)) return repeatedOf(found, read)
    window.push(...found)
  }
}

/** Whether so many stand below the lowest repost, or all there are. */
function isEnough(found: readonly PostId[], { window, lowest, count, options }: Reading): boolean {
  if (found.length < count) return true
  const isBelow = (entry: PostId) => entry < lowest
  const inWindow = window.length - 1 - window.findLastIndex(entry => !isBelow(entry))
  // Nearly always the lowest repost stands in the window, and all that was found is below it.
  const below = isBelow(found[0]!) ? inWindow + found.length : found.filter(isBelow).length
  return below >= options.among - 1
}

function repeatedOf(found: readonly PostId[], { window, options }: Reading): ReadonlySet<PostId> {
  window.push(...found)
  return repeatedIn(window, options)
}

/** The reposts in a part of a list (newest first) whose post stands among the entries below them, within this part. */
export function repeatedIn(window: readonly PostId[], { among, ignores }: OnceOptions): ReadonlySet<PostId> {
  const shows = window.map(postOf)
  const metAt = new Map<PostId, number>()
  for (const [i, entry] of window.entries())
    if (isRepost(entry)) metAt.set(shows[i]!, Number.POSITIVE_INFINITY)
  const repeated = new Set<PostId>()
  for (let i = window.length - 1; i >= 0; i--) {
    const entry = window[i]!
    const post = shows[i]!
    const below = metAt.get(post)
    if (below === undefined) continue
    if (isRepost(entry)) {
      if (below - i < among) repeated.add(entry)
      if (ignores(reposterOf(entry))) continue
    }
    metAt.set(post, i)
  }
  return repeated
}
