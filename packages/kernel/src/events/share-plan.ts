import { crc32 } from 'node:zlib'

/** A subscription's streams fall into this many buckets, and each bucket into one share. */
export const bucketCount = 16
export const allBuckets = 2 ** bucketCount - 1

/** A share as everybody sees it. Buckets are bits. */
export interface ShareSeen {
  readonly share: number
  readonly buckets: number
  readonly owner: string | null
  readonly revision: number
  /** Milliseconds until its lease ends; 0 or less: it may be taken. */
  readonly lasts: number
}

/** All there is to know before deciding who should have what. */
export interface SharesSeen {
  readonly shares: readonly ShareSeen[]
  /** Instances that are there and hold nothing. */
  readonly waiting: readonly string[]
}

/** Some buckets of a share, or all of it, for another instance. */
export interface Gift {
  readonly share: number
  readonly buckets: number
  readonly to: string
}

export interface SharePlan {
  readonly take: readonly ShareSeen[]
  readonly give: readonly Gift[]
}

export const isOf = (buckets: number, stream: string) => (buckets & bitOf(stream)) !== 0

export const bitOf = (stream: string) => 1 << (crc32(stream) % bucketCount)

export const lowestBucket = (buckets: number) => 31 - Math.clz32(buckets & -buckets)

export function countBuckets(buckets: number): number {
  let count = 0
  for (let rest = buckets; rest !== 0; rest &= rest - 1) count++
  return count
}

/** This long after a lease ended, the share is anybody's, however much they hold. */
const anybodysAfter = 500

/**
 * What one instance does about the shares: it takes what nobody holds as far as it has less than its part, and gives what it has beyond it.
 * Everybody plans the whole in the same way and does their own part of it, so what all see alike is even after one round.
 */
export function planShares({ shares, waiting }: SharesSeen, me: string): SharePlan {
  const held = new Map<string, number>([...waiting, me].map(instance => [instance, 0]))
  for (const { owner, buckets, lasts } of shares) {
    if (owner === null || (lasts <= 0 && owner !== me)) continue
    held.set(owner, (held.get(owner) ?? 0) + countBuckets(buckets))
  }
  const parts = partsOf(held)
  const mine = shares.filter(each => each.owner === me)
  return {
    take: takings(shares, me, held.get(me)!, parts.get(me)!),
    give: giftsFrom(mine, transfers(held, parts).get(me) ?? []),
  }
}

/** How many buckets each should have: as even as can be, and the larger parts for those who hold most, so that little moves. */
function partsOf(held: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const order = [...held].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
  const even = Math.floor(bucketCount / order.length)
  const larger = bucketCount % order.length
  return new Map(order.map(([instance], i) => [instance, i < larger ? even + 1 : even]))
}

function takings(shares: readonly ShareSeen[], me: string, held: number, part: number): ShareSeen[] {
  const take: ShareSeen[] = []
  let have = held
  for (const each of shares) {
    if (each.owner === me || each.lasts > 0) continue
    if (have >= part && each.lasts > -anybodysAfter) continue
    take.push(each)
    have += countBuckets(each.buckets)
  }
  return take
}

interface Transfer {
  readonly to: string
  readonly count: number
}

function transfers(
  held: ReadonlyMap<string, number>,
  parts: ReadonlyMap<string, number>,
): ReadonlyMap<string, Transfer[]> {
  const lacking = [...held]
    .map(([to, n]) => ({ to, count: parts.get(to)! - n }))
    .filter(each => each.count > 0)
  const given = new Map<string, Transfer[]>()
  for (const [from, n] of held) {
    for (let spare = n - parts.get(from)!; spare > 0; ) {
      const to = lacking[0]
      if (to === undefined) return given
      const count = Math.min(spare, to.count)
      given.set(from, [...(given.get(from) ?? []), { to: to.to, count }])
      spare -= count
      to.count -= count
      if (to.count === 0) lacking.shift()
    }
  }
  return given
}

// Whole shares where they are small enough, else the highest buckets: a share keeps its lowest, which names it.
function giftsFrom(mine: readonly ShareSeen[], wanted: readonly Transfer[]): Gift[] {
  const left = mine.map(({ share, buckets }) => ({ share, buckets }))
  const gifts: Gift[] = []
  for (const { to, count } of wanted) {
    for (let need = count; need > 0; ) {
      const from = left.findLast(each => each.buckets !== 0)
      if (from === undefined) return gifts
      const buckets = highest(from.buckets, need)
      gifts.push({ share: from.share, buckets, to })
      from.buckets &= ~buckets
      need -= countBuckets(buckets)
    }
  }
  return gifts
}

function highest(buckets: number, count: number): number {
  let rest = buckets
  for (let drop = countBuckets(buckets) - count; drop > 0; drop--) rest &= rest - 1
  return rest
}
