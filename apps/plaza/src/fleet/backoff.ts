const shortest = 100
const longest = 30_000
/** Whoever ran so long ran well: its next end is the first again. */
const well = 20_000

/** Milliseconds to wait before what ended is started again: doubled each time it ended soon, at most half a minute. */
export function nextPause(previous: number, ranFor: number): number {
  if (ranFor >= well || previous === 0) return shortest
  return Math.min(longest, previous * 2)
}
