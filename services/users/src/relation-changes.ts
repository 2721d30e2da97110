import type { UserId } from '@plaza/kernel/contract'
import { maxRelations } from './contract.ts'

export type Kind = 'follow' | 'block' | 'mute'

/** Somebody wants this relation to be there, or not to be there. */
export interface Change {
  readonly kind: Kind
  readonly wanted: boolean
  readonly actor: UserId
  readonly other: UserId
}

/** A relation that holds: `from` follows, blocks or mutes `to`. */
export interface Edge {
  readonly kind: Kind
  readonly from: UserId
  readonly to: UserId
}

/** A relation that began or ended. */
export interface Fact extends Edge {
  readonly holds: boolean
}

/** What is known of the people concerned before the changes: those there are, with how many relations of each kind they have. */
export interface Standing {
  readonly people: ReadonlyMap<UserId, Readonly<Record<Kind, number>>>
  /** Those of them who are not there to be followed. */
  readonly suspended: ReadonlySet<UserId>
  readonly edges: readonly Edge[]
}

export type Outcome = 'done' | 'no-such-person' | 'hidden' | 'blocked-by-you' | 'too-many'

export interface Decision {
  /** One for each change, in their order. */
  readonly outcomes: readonly Outcome[]
  readonly facts: readonly Fact[]
}

/** Decides changes one after the other, each on top of those before it. What already is as wanted is `done` without a fact. */
export function decideChanges(standing: Standing, changes: readonly Change[]): Decision {
  const edges = new Set(standing.edges.map(keyOf))
  const counts = new Map([...standing.people].map(([id, count]) => [id, { ...count }]))
  const facts: Fact[] = []
  const outcomes = changes.map(change => {
    const mine = counts.get(change.actor)
    if (mine === undefined || !counts.has(change.other)) return 'no-such-person'
    if (change.kind === 'follow' && change.wanted && standing.suspended.has(change.other)) return 'hidden'
    const decided = decide(edges, mine, change)
    if (typeof decided === 'string') return decided
    for (const fact of decided) {
      if (fact.holds) edges.add(keyOf(fact))
      else edges.delete(keyOf(fact))
      counts.get(fact.from)![fact.kind] += fact.holds ? 1 : -1
    }
    facts.push(...decided)
    return 'done'
  })
  return { outcomes, facts }
}

function decide(
  edges: ReadonlySet<string>,
  counts: Readonly<Record<Kind, number>>,
  { kind, wanted, actor, other }: Change,
): Outcome | Fact[] {
  const has = (edge: Edge) => edges.has(keyOf(edge))
  if (kind === 'follow' && wanted) {
    if (has({ kind: 'block', from: other, to: actor })) return 'hidden'
    if (has({ kind: 'block', from: actor, to: other })) return 'blocked-by-you'
  }
  const edge = { kind, from: actor, to: other }
  if (has(edge) === wanted) return []
  if (wanted && counts[kind] >= maxRelations) return 'too-many'
  if (kind !== 'block' || !wanted) return [{ ...edge, holds: wanted }]
  const follows: Edge[] = [
    { kind: 'follow', from: actor, to: other },
    { kind: 'follow', from: other, to: actor },
  ]
  return [{ ...edge, holds: true }, ...follows.filter(has).map(each => ({ ...each, holds: false }))]
}

/** What facts change in the tables: relations to add and to remove, and what to add to each person's row. */
export interface Effect {
  readonly added: readonly Edge[]
  readonly removed: readonly Edge[]
  readonly raises: readonly Raise[]
}

export interface Raise {
  readonly id: UserId
  version: number
  followers: number
  following: number
  blocking: number
  muting: number
}

/** Sums facts up: a relation that began and ended again leaves no row, but raises the versions. */
export function effectOf(facts: readonly Fact[]): Effect {
  const changed = new Map<string, Fact>()
  const raises = new Map<UserId, Raise>()
  const raise = (id: UserId) => {
    let sum = raises.get(id)
    if (sum === undefined) {
      sum = { id, version: 0, followers: 0, following: 0, blocking: 0, muting: 0 }
      raises.set(id, sum)
    }
    sum.version++
    return sum
  }
  for (const fact of facts) {
    const key = keyOf(fact)
    // The facts of one relation alternate: two of them leave it as it was.
    if (!changed.delete(key)) changed.set(key, fact)
    const step = fact.holds ? 1 : -1
    const from = raise(fact.from)
    const to = raise(fact.to)
    if (fact.kind === 'follow') {
      from.following += step
      to.followers += step
    } else if (fact.kind === 'block') from.blocking += step
    else from.muting += step
  }
  const net = [...changed.values()]
  return {
    added: net.filter(fact => fact.holds),
    removed: net.filter(fact => !fact.holds),
    raises: [...raises.values()],
  }
}

const keyOf = ({ kind, from, to }: Edge) => `${kind} ${from} ${to}`
