import type { EventCursor } from './cursor.ts'
import type { StoredShare } from './share-store.ts'

/** A share while this instance has it. */
export interface HeldShare {
  stored: StoredShare
  /** Where it is: past the stored cursor when only events of no concern came since. */
  cursor: EventCursor
  savedAt: number
  /** Events of the log beyond it when it last looked. */
  behind: number
  /** Its log's past was replaced by one that knows another of our runs, if any. */
  isReplaced: boolean
  /** Of several shares the one that waited longest is next. */
  turn: number
}

export function hold(stored: StoredShare): HeldShare {
  return { stored, cursor: stored.cursor, savedAt: 0, behind: 0, isReplaced: false, turn: 0 }
}

/** Shares at the same place become one. */
export function findEqual(held: readonly HeldShare[]): readonly [HeldShare, HeldShare] | undefined {
  for (const [i, one] of held.entries()) {
    const other = held.slice(i + 1).find(each => isSamePlace(one.cursor, each.cursor))
    if (other !== undefined) return [one, other]
  }
  return undefined
}

function isSamePlace(a: EventCursor, b: EventCursor): boolean {
  return (
    a.branch === b.branch &&
    a.from.tick === b.from.tick &&
    a.from.snapshot === b.from.snapshot &&
    a.batch?.to.tick === b.batch?.to.tick &&
    a.batch?.to.snapshot === b.batch?.to.snapshot &&
    a.batch?.after === b.batch?.after
  )
}

/** Catching up further than this, a share must not keep the others waiting. */
const littleBehind = 5_000

/** Whose turn it is: who is a little behind catches up first, so that the shares become one; who is far behind takes turns. */
export function nextOf(held: readonly HeldShare[]): HeldShare | undefined {
  const [last, ...others] = held.toSorted((a, b) => placeIn(a) - placeIn(b) || after(a) - after(b))
  const next = others[0]
  if (last === undefined || next === undefined) return last
  if (next.cursor.from.total - last.cursor.from.total <= littleBehind) return last
  return held.toSorted((a, b) => a.turn - b.turn)[0]
}

const placeIn = (share: HeldShare) => share.cursor.from.tick
const after = (share: HeldShare) => share.cursor.batch?.after ?? 0

/** The cursor to read on with: up to where the next of the other shares is, if that is ahead in the same run. */
export function towardsOthers(share: HeldShare, held: readonly HeldShare[]): EventCursor {
  const { cursor } = share
  if (cursor.batch !== undefined) return cursor
  const ahead = held
    .filter(each => each !== share && each.cursor.branch === cursor.branch)
    .map(each => each.cursor.batch?.to ?? each.cursor.from)
    .filter(to => to.era === cursor.from.era && to.tick > cursor.from.tick)
    .sort((a, b) => a.tick - b.tick)[0]
  return ahead === undefined ? cursor : { ...cursor, batch: { to: ahead, after: 0 } }
}
