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
  const count = entries.length + options.among
  const found = source.older(top, count)
  if (!(found instanceof Promise) && isEnough(found, lowest, count, options))
    return repeatedIn([top, ...found], options)
  return readOn(source, top, found, lowest, count, options)
}

async function readOn(
  source: IdSource<PostId>,
  top: PostId,
  first: readonly PostId[] | Promise<readonly PostId[]>,
  lowest: PostId,
  count: number,
  options: OnceOptions,
): Promise<ReadonlySet<PostId>> {
  const window = [top]
  for (let found = await first; ; found = await source.older(window.at(-1), count)) {
    window.push(...found)
    if (found.length < count || isEnough(window, lowest, count, options)) return repeatedIn(window, options)
  }
}

function isEnough(window: readonly PostId[], lowest: PostId, count: number, { among }: OnceOptions): boolean {
  const below = window.length - window.findLastIndex(entry => entry >= lowest) - 1
  return window.length < count || below >= among - 1
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
