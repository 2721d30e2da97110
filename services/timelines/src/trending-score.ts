/**
 * Scores that decay with time and are never computed anew: forward decay (Cormode, Shkapenyuk, Srivastava, Xu: Forward Decay, ICDE 2009). A voice
 * given at time t weighs 2^((t − landmark) / halfLife), for ever; what is younger weighs more, so the order at any moment is the order of the sums,
 * without a clock. The sums are kept as their log2, which grows by four a day and overflows in no lifetime.
 */

/** Milliseconds in which a voice comes to count half of a new one. */
export const halfLife = 6 * 3_600_000
/** 2026-01-01: any moment does, but it must never be moved, for scores are kept. */
const landmark = Date.UTC(2026, 0, 1)

/** How much nothing weighs. */
export const nothing = Number.NEGATIVE_INFINITY

/** log2 of the weight of a voice given then (epoch ms). */
export function voiceAt(time: number): number {
  return (time - landmark) / halfLife
}

/** When a voice of this log2 was given (epoch ms). */
export function timeOfVoice(voice: number): number {
  return Math.round(voice * halfLife + landmark)
}

/** How many half-lives these milliseconds are: what a voice given so much later weighs more. */
export function halfLivesIn(milliseconds: number): number {
  return milliseconds / halfLife
}

/** log2 of the sum of two weights: log2(2^a + 2^b). */
export function plus(a: number, b: number): number {
  const [more, less] = a < b ? [b, a] : [a, b]
  return less === nothing ? more : more + Math.log2(1 + 2 ** (less - more))
}

/** log2 of what the greater weight is more than the less: log2(2^a − 2^b). */
export function minus(more: number, less: number): number {
  if (less >= more) return nothing
  return more + Math.log2(1 - 2 ** (less - more))
}

/** log2 of the sum of many weights. */
export function sumOf(voices: readonly number[]): number {
  return voices.reduce(plus, nothing)
}

/** A score as a whole number that keeps its order and fits a cursor: one step is the decay of 5 µs. */
export function rankOf(score: number): number {
  return Math.round(score * 2 ** 32)
}
