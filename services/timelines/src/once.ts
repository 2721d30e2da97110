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
  const isEnough = (found: readonly PostId[]) =>
    found.length < count || reachesBelow([...window, ...found], lowest, options)
  const found = source.older(window.at(-1), count)
  if (!(found instanceof Promise) && isEnough(found)) return repeatedIn([...window, ...found], options)
  return readOn(source, window, found, count, isEnough, options)
}

async function readOn(
  source: IdSource<PostId>,
  window: PostId[],
  first: readonly PostId[] | Promise<readonly PostId[]>,
  count: number,
  isEnough: (found: readonly PostId[]) => boolean,
  options: OnceOptions,
): Promise<ReadonlySet<PostId>> {
  for (let found = await first; ; found = await source.older(window.at(-1), count)) {
    const isLast = isEnough(found)
    window.push(...found)
    if (isLast) return repeatedIn(window, options)
  }
}

function reachesBelow(window: readonly PostId[], lowest: PostId, { among }: OnceOptions): boolean {
  const place = window.findLastIndex(entry => entry >= lowest)
  return window.length - place >= among
}

/** The reposts in a part of a list (newest first) whose post stands among the entries below them, within this part. */
export function repeatedIn(window: readonly PostId[], { among, ignores }: OnceOptions): ReadonlySet<PostId> {
  const metAt = new Map<PostId, number>()
  for (const entry of window) if (isRepost(entry)) metAt.set(postOf(entry), Number.POSITIVE_INFINITY)
  const repeated = new Set<PostId>()
  for (let i = window.length - 1; i >= 0; i--) {
    const entry = window[i]!
    const post = postOf(entry)
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
