import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UserId } from '@plaza/kernel/contract'
import fc from 'fast-check'
import { maxRelations } from './contract.ts'
import { type Change, decideChanges, type Edge, effectOf, type Kind } from './relation-changes.ts'

const [ana, ben, eva] = ['user_ana', 'user_ben', 'user_eva'] as const
const nobody: UserId = 'user_nobody'
const people = (counts: Partial<Record<Kind, number>> = {}) =>
  new Map<UserId, Record<Kind, number>>(
    [ana, ben, eva].map(id => [id, { follow: 0, block: 0, mute: 0, ...counts }]),
  )
const follow = (actor: UserId, other: UserId): Change => ({ kind: 'follow', wanted: true, actor, other })
const block = (actor: UserId, other: UserId): Change => ({ kind: 'block', wanted: true, actor, other })
const undo = (change: Change): Change => ({ ...change, wanted: false })
const decide = (changes: readonly Change[], edges: readonly Edge[] = [], counts = people()) =>
  decideChanges({ people: counts, suspended: new Set(), edges }, changes)

test('following twice is following once', () => {
  const { outcomes, facts } = decide([follow(ben, ana), follow(ben, ana)])
  assert.deepEqual(outcomes, ['done', 'done'])
  assert.deepEqual(facts, [{ kind: 'follow', from: ben, to: ana, holds: true }])
})

test('what was never there is undone without a fact', () => {
  assert.deepEqual(decide([undo(follow(ben, ana))]), { outcomes: ['done'], facts: [] })
})

test('a block ends the follows in both directions, and nothing else', () => {
  const edges: Edge[] = [
    { kind: 'follow', from: ben, to: ana },
    { kind: 'follow', from: ana, to: ben },
    { kind: 'follow', from: eva, to: ana },
    { kind: 'mute', from: ana, to: ben },
  ]
  const { facts } = decide([block(ana, ben)], edges, people({ follow: 1, mute: 1 }))
  assert.deepEqual(facts, [
    { kind: 'block', from: ana, to: ben, holds: true },
    { kind: 'follow', from: ana, to: ben, holds: false },
    { kind: 'follow', from: ben, to: ana, holds: false },
  ])
})

test('who blocked you is not there to be followed; whom you blocked you must unblock first', () => {
  const { outcomes } = decide([
    block(ana, ben),
    follow(ben, ana),
    follow(ana, ben),
    undo(block(ana, ben)),
    follow(ben, ana),
  ])
  assert.deepEqual(outcomes, ['done', 'hidden', 'blocked-by-you', 'done', 'done'])
})

test('who is suspended is not there to be followed; all else goes as before', () => {
  const edges: Edge[] = [{ kind: 'follow', from: ben, to: ana }]
  const standing = { people: people({ follow: 1 }), suspended: new Set<UserId>([ana]), edges }
  const asked = [follow(eva, ana), follow(ben, ana), undo(follow(ben, ana)), block(ben, ana)]
  assert.deepEqual(decideChanges(standing, asked).outcomes, ['hidden', 'hidden', 'done', 'done'])
})

test('nobody can be followed, and nobody can follow', () => {
  assert.deepEqual(decide([follow(ana, nobody), follow(nobody, ana)]).outcomes, [
    'no-such-person',
    'no-such-person',
  ])
})

test('one more than the most is refused, also within one group', () => {
  const counts = people({ follow: maxRelations - 1 })
  const { outcomes, facts } = decide([follow(ana, ben), follow(ana, eva)], [], counts)
  assert.deepEqual(outcomes, ['done', 'too-many'])
  assert.equal(facts.length, 1)
})

test('undoing one makes room for another', () => {
  const counts = people({ follow: maxRelations })
  const edges: Edge[] = [{ kind: 'follow', from: ana, to: ben }]
  assert.deepEqual(decide([undo(follow(ana, ben)), follow(ana, eva)], edges, counts).outcomes, [
    'done',
    'done',
  ])
})

test('a follow that began and ended in one group leaves no row and raises both versions twice', () => {
  const { facts } = decide([follow(ben, ana), undo(follow(ben, ana))])
  const effect = effectOf(facts)
  assert.deepEqual([effect.added, effect.removed], [[], []])
  assert.deepEqual(
    effect.raises.map(({ version, followers, following }) => ({ version, followers, following })),
    [
      { version: 2, followers: 0, following: 0 },
      { version: 2, followers: 0, following: 0 },
    ],
  )
})

const person = fc.constantFrom<UserId>(ana, ben, eva)
const change: fc.Arbitrary<Change> = fc
  .record({
    kind: fc.constantFrom<Kind>('follow', 'block', 'mute'),
    wanted: fc.boolean(),
    actor: person,
    other: person,
  })
  .filter(({ actor, other }) => actor !== other)

test('whatever people do, in whatever groups: counts are the rows, nobody follows across a block, and groups do not matter', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), fc.integer({ min: 1, max: 60 }), (changes, size) => {
      const grouped = play(changes, size)
      const single = play(changes, 1)
      assert.deepEqual([...grouped.edges].sort(), [...single.edges].sort())
      assert.deepEqual(grouped.outcomes, single.outcomes)
      assert.deepEqual(grouped.counts, single.counts)
      for (const id of [ana, ben, eva]) {
        const from = [...grouped.edges].filter(edge => edge.split(' ')[1] === id)
        const followers = [...grouped.edges].filter(edge => edge.startsWith('follow') && edge.endsWith(id))
        assert.deepEqual(grouped.counts.get(id), {
          version: grouped.counts.get(id)!.version,
          followers: followers.length,
          following: from.filter(edge => edge.startsWith('follow')).length,
          blocking: from.filter(edge => edge.startsWith('block')).length,
          muting: from.filter(edge => edge.startsWith('mute')).length,
        })
      }
      for (const edge of grouped.edges) {
        const [kind, from, to] = edge.split(' ')
        if (kind !== 'block') continue
        assert.ok(!grouped.edges.has(`follow ${from} ${to}`) && !grouped.edges.has(`follow ${to} ${from}`))
      }
    }),
  )
})

/** Plays changes in groups of a size, on tables that are sets. */
function play(changes: readonly Change[], size: number) {
  const edges = new Set<string>()
  const counts = new Map(
    [ana, ben, eva].map(id => [
      id as UserId,
      { version: 0, followers: 0, following: 0, blocking: 0, muting: 0 },
    ]),
  )
  const outcomes: string[] = []
  for (let i = 0; i < changes.length; i += size) {
    const standing = {
      people: new Map(
        [...counts].map(([id, sum]) => [
          id,
          { follow: sum.following, block: sum.blocking, mute: sum.muting },
        ]),
      ),
      suspended: new Set<UserId>(),
      edges: [...edges].map(edge => {
        const [kind, from, to] = edge.split(' ')
        return { kind, from, to } as Edge
      }),
    }
    const decision = decideChanges(standing, changes.slice(i, i + size))
    outcomes.push(...decision.outcomes)
    const effect = effectOf(decision.facts)
    for (const { kind, from, to } of effect.added) {
      assert.ok(!edges.has(`${kind} ${from} ${to}`), 'a row is never inserted twice')
      edges.add(`${kind} ${from} ${to}`)
    }
    for (const { kind, from, to } of effect.removed) assert.ok(edges.delete(`${kind} ${from} ${to}`))
    for (const { id, ...sums } of effect.raises) {
      const sum = counts.get(id)!
      for (const key of Object.keys(sums) as (keyof typeof sums)[]) sum[key] += sums[key]
    }
  }
  return { edges, counts, outcomes }
}
