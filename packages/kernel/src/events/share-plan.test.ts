import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  allBuckets,
  bucketCount,
  countBuckets,
  isOf,
  lowestBucket,
  planShares,
  type ShareSeen,
} from './share-plan.ts'

const leased = 1_500

/** What the table would hold, done to it as the statements do. */
class Table {
  shares: ShareSeen[]
  waiting = new Set<string>()

  constructor(shares: readonly ShareSeen[]) {
    this.shares = [...shares]
  }

  heldBy = (instance: string) =>
    this.shares
      .filter(each => each.owner === instance)
      .reduce((sum, each) => sum + countBuckets(each.buckets), 0)

  seenBy(me: string) {
    if (this.heldBy(me) === 0) this.waiting.add(me)
    else this.waiting.delete(me)
    return { shares: this.shares, waiting: [...this.waiting].filter(each => this.heldBy(each) === 0) }
  }

  /** One round of an instance. Returns whether it changed anything. */
  act(me: string): boolean {
    const { take, give } = planShares(this.seenBy(me), me)
    for (const taken of take) {
      this.shares = this.shares.map(each =>
        each.share === taken.share ? { ...each, owner: me, lasts: leased } : each,
      )
    }
    for (const { share, buckets, to } of give) {
      const from = this.shares.find(each => each.share === share)!
      assert.equal(from.owner, me, 'one gives only what is one’s own')
      assert.equal(from.buckets & buckets, buckets, 'one gives only what is there')
      const rest = from.buckets & ~buckets
      this.shares = [
        ...this.shares.filter(each => each.share !== share),
        ...(rest === 0 ? [] : [{ ...from, buckets: rest }]),
        { ...from, share: lowestBucket(buckets), buckets, owner: to },
      ]
    }
    return take.length + give.length > 0
  }

  /** A holder's shares become one, as they do once their cursors are equal. */
  merge(instance: string) {
    const mine = this.shares.filter(each => each.owner === instance)
    if (mine.length < 2) return
    const buckets = mine.reduce((all, each) => all | each.buckets, 0)
    this.shares = [
      ...this.shares.filter(each => each.owner !== instance),
      { ...mine[0]!, share: lowestBucket(buckets), buckets },
    ]
  }

  assertSound() {
    const numbers = new Set<number>()
    let seen = 0
    for (const { share, buckets } of this.shares) {
      assert.equal(seen & buckets, 0, 'no bucket is in two shares')
      assert.equal(share, lowestBucket(buckets))
      seen |= buckets
      numbers.add(share)
    }
    assert.equal(seen, allBuckets, 'no bucket is lost')
    assert.equal(numbers.size, this.shares.length)
  }
}

const one = (owner: string | null, lasts = leased): ShareSeen => ({
  share: 0,
  buckets: allBuckets,
  owner,
  revision: 1,
  lasts,
})

/** Any cut of the buckets into shares, of whatever owners, some of whose leases have ended. */
const tables = fc
  .array(fc.record({ owner: fc.nat(24), isEnded: fc.boolean() }), { minLength: 16, maxLength: 16 })
  .map(owners => {
    const byOwner = new Map<string, ShareSeen>()
    owners.forEach(({ owner, isEnded }, bucket) => {
      const name = `i${owner}`
      const known = byOwner.get(name)
      byOwner.set(name, {
        share: known?.share ?? bucket,
        buckets: (known?.buckets ?? 0) | (1 << bucket),
        owner: name,
        revision: 1,
        lasts: known?.lasts ?? (isEnded ? -1_000 : leased),
      })
    })
    return [...byOwner.values()]
  })

test('one instance holds everything in one share, and has nothing to do', () => {
  assert.deepEqual(planShares({ shares: [one('me')], waiting: [] }, 'me'), { take: [], give: [] })
})

test('who comes second is given half, in one piece', () => {
  const seen = { shares: [one('me')], waiting: ['new'] }
  assert.deepEqual(planShares(seen, 'me').give, [{ share: 0, buckets: 0xff00, to: 'new' }])
  assert.deepEqual(planShares(seen, 'new'), { take: [], give: [] })
})

test('a share whose lease ended is taken by who has less than their part, and after a moment by anybody', () => {
  const upper = { share: 8, buckets: 0xff00, revision: 1 }
  const shares = (lasts: number) => [
    { ...one('me'), buckets: 0x00ff },
    { ...upper, owner: 'gone', lasts },
  ]
  const numbers = (lasts: number, waiting: string[]) =>
    planShares({ shares: shares(lasts), waiting }, 'me').take.map(each => each.share)
  assert.deepEqual(numbers(1, []), [])
  assert.deepEqual(numbers(0, []), [8])
  assert.deepEqual(numbers(-10, ['new']), [])
  assert.deepEqual(numbers(-600, ['new']), [8])
  assert.deepEqual(
    planShares({ shares: shares(-10), waiting: ['new'] }, 'new').take.map(each => each.share),
    [8],
  )
})

test('whoever acts when, the plan ends, every bucket has one owner, the parts are even, and nobody starves', () => {
  const order = fc.array(fc.tuple(fc.nat(23), fc.boolean()), { maxLength: 60 })
  fc.assert(
    fc.property(tables, fc.integer({ min: 1, max: 24 }), order, (shares, alive, acts) => {
      const names = Array.from({ length: alive }, (_, i) => `i${i}`)
      // Those who are not alive let their leases end.
      const table = new Table(
        shares.map(each => (names.includes(each.owner!) ? each : { ...each, lasts: -1_000 })),
      )
      for (const [who, merges] of acts) {
        table.act(names[who % alive]!)
        table.assertSound()
        if (merges) table.merge(names[who % alive]!)
      }
      for (const each of names) table.seenBy(each)
      let rounds = 0
      while (names.map(each => table.act(each)).some(changed => changed)) {
        table.assertSound()
        for (const each of names) table.merge(each)
        assert.ok(++rounds <= 6, 'it ends')
      }
      const held = names.map(each => table.heldBy(each))
      assert.equal(
        held.reduce((a, b) => a + b),
        bucketCount,
      )
      assert.ok(Math.max(...held) - Math.min(...held) <= 1)
      assert.ok(Math.min(...held) >= Math.floor(bucketCount / alive))
    }),
  )
})

test('every stream is in one bucket, and streams spread over all of them', () => {
  const seen = new Set<number>()
  for (let i = 0; i < 500; i++) {
    const buckets = Array.from({ length: bucketCount }, (_, b) => b).filter(b => isOf(1 << b, `user_${i}`))
    assert.equal(buckets.length, 1)
    seen.add(buckets[0]!)
  }
  assert.equal(seen.size, bucketCount)
})
