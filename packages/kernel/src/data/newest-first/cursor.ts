import { invalidCursor } from '../../contract/kernel-errors.ts'
import { lowestIdAt } from '../new-id.ts'
import type { IdKind } from '../typeid.ts'

/** Where a reader of a list goes on. */
export type Position<I extends string> = Older<I> | Newer<I>

export interface Older<I extends string> {
  readonly direction: 'older'
  /** Undefined: from the top. */
  readonly before: I | undefined
}

export interface Newer<I extends string> {
  readonly direction: 'newer'
  readonly after: I
  /** The last letters of ids above `after` that were read already. */
  readonly seen: ReadonlySet<string>
}

/**
 * An id is made before its commit, so for a moment something can appear *below* newer things that were read already. What lies longer back
 * than this, in ms, is settled: a statement that takes longer is cancelled.
 */
const settledAfter = 10_000

/** Seen ids at most that a cursor names. */
export const maxSeen = 60
const idLength = 26
const tailLength = 6
const shape = /^([a-z])([on])([0-7][0-9a-hjkmnp-tv-z]{25})((?:[0-9a-hjkmnp-tv-z]{6}){0,60})$/

/** The cursor of what is older than this id. `list` is one letter: one list's cursor says nothing in another. */
export function olderThan(list: string, id: string): string {
  return `${list}o${lettersOf(id)}`
}

/**
 * The cursor of what is newer than ids that were read: `read` without gaps, newest first. In the last seconds before `now` it also means
 * what appears between them, so it names those, and what else was `seen` above them, by their last letters (30 random bits each).
 */
export function newerThan(
  list: string,
  read: readonly string[],
  now: number,
  seen: readonly string[] = [],
): string {
  const settled = settledBefore(now)
  if (seen.length === 0 && isBelow(read[0]!, settled)) return `${list}n${lettersOf(read[0]!)}`
  let named = read.findIndex(id => isBelow(id, settled))
  if (named === -1) named = read.length - 1
  named = Math.min(named, maxSeen - seen.length)
  const tails = read.slice(0, named).map(tailOf).concat(seen).join('')
  return `${list}n${lettersOf(read[named]!)}${tails}`
}

const isBelow = (id: string, letters: string) => lettersOf(id) < letters

let lastSettled = { at: 0, letters: '' }

// Looked at for every page, so it is made anew only every 100 ms: a little more is named than need be.
function settledBefore(now: number): string {
  const at = now - (now % 100)
  if (at !== lastSettled.at) lastSettled = { at, letters: lowestIdAt(at - settledAfter) }
  return lastSettled.letters
}

/** Reads a cursor that `olderThan` or `newerThan` made; without one, the top. Throws `invalid-cursor`. */
export function positionOf<K extends IdKind>(
  kind: K,
  list: string,
  cursor: string | undefined,
): Position<`${K}_${string}`> {
  if (cursor === undefined) return { direction: 'older', before: undefined }
  const [, of, direction, id, seen = ''] = shape.exec(cursor) ?? []
  if (of !== list || id === undefined || (direction === 'o' && seen !== '')) {
    const errors = [{ pointer: '/cursor', detail: 'is not a cursor that this list gave' }]
    throw invalidCursor('The cursor is not one of this list.', { errors })
  }
  if (direction === 'o') return { direction: 'older', before: `${kind}_${id}` }
  const tails = new Set<string>()
  for (let i = 0; i < seen.length; i += tailLength) tails.add(seen.slice(i, i + tailLength))
  return { direction: 'newer', after: `${kind}_${id}`, seen: tails }
}

/** The same place again. */
export function cursorOf(list: string, { after, seen }: Newer<string>): string {
  return `${list}n${lettersOf(after)}${[...seen].join('')}`
}

/** What a cursor names an id by. */
export function tailOf(id: string): string {
  const end = id.indexOf('_') + 1 + idLength
  return id.slice(end - tailLength, end)
}

/** An id's letters, without what it may carry after them. */
function lettersOf(id: string): string {
  const start = id.indexOf('_') + 1
  return id.slice(start, start + idLength)
}
