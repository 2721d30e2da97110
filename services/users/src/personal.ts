import type { UserId } from '@plaza/kernel/contract'
import { type Db, timeOf, toId, toUuid } from '@plaza/kernel/data'
import { appendEvents, newEvent } from '@plaza/kernel/events'
import type { EraseStep, ExportPart, Kit, PersonalData } from '@plaza/kernel/service'
import { relationEvent } from './change-relation.ts'
import { users } from './contract.ts'
import { deletePerson, type OwnRelation, ownRelations, relationsOf } from './personal-store.ts'
import { findProfiles } from './profile-store.ts'
import { effectOf, type Fact, type Kind } from './relation-changes.ts'
import { lockPeople, readEdges, writeEffect } from './relation-store.ts'

const partSize = 500
/** Relations that one transaction ends at most: so many people's rows are locked while it runs. */
const stepSize = 500

/** What users holds of a person: a profile, whom they follow, block and mute, and who follows them. */
export function personal({ db }: Pick<Kit, 'db'>): PersonalData {
  return {
    export: (person, after) => exportPart(db, person, after),
    erase: person => erasePerson(db, person),
  }
}

type List = keyof typeof ownRelations
const lists: readonly List[] = ['follow', 'follower', 'block', 'mute']
const zero = '00000000-0000-0000-0000-000000000000'

/** List after list; `after` is `<list> <place>`. Who blocked or muted the person is those others' affair. */
async function exportPart(db: Db, person: UserId, after: string | undefined): Promise<ExportPart> {
  if (after === undefined) {
    const known = (await findProfiles(db, [person])).get(person)
    const records = known === undefined ? [] : [{ kind: 'profile', data: known.profile }]
    return { records, next: `${lists[0]} ${zero}` }
  }
  const [list, place] = after.split(' ') as [List, string]
  const rows = await ownRelations[list].all(db, { of: toUuid(person), after: place, limit: partSize })
  const records = rows.map(row => ({ kind: list, data: relationData(list, row) }))
  if (rows.length === partSize) return { records, next: `${list} ${rows.at(-1)!.place}` }
  const following = lists[lists.indexOf(list) + 1]
  return { records, next: following === undefined ? null : `${following} ${zero}` }
}

function relationData(list: List, { place, person_id }: OwnRelation) {
  const userId = toId('user', person_id)
  // A follow's id says when it began; of blocks and mutes no time is kept.
  if (list === 'block' || list === 'mute') return { userId }
  return { userId, since: new Date(timeOf(toId('event', place))).toISOString() }
}

/** Ends relations as their undoing would, counts and versions of the others with them; then the person themselves goes. */
function erasePerson(db: Db, person: UserId): Promise<EraseStep> {
  return db.transaction(async tx => {
    const id = toUuid(person)
    const named = await relationsOf.all(tx, { id, limit: stepSize })
    const others = new Set(named.flatMap(row => [toId('user', row.from_id), toId('user', row.to_id)]))
    others.delete(person)
    await lockPeople(tx, new Set([person, ...others]))
    if (others.size > 0) {
      // What still holds now that nobody else can change it.
      const edges = await readEdges(
        tx,
        [...others].map(other => ({ actor: person, other })),
      )
      const facts = edges.map((edge): Fact => ({ ...edge, holds: false }))
      await writeEffect(tx, effectOf(facts))
      await appendEvents(tx, facts.map(relationEvent))
      return { done: false, erased: countsOf(facts.map(fact => fact.kind)) }
    }
    // Nobody can relate to a person whose row is locked: what was read before the lock is looked for again.
    if ((await relationsOf.all(tx, { id, limit: 1 })).length > 0) return { done: false, erased: {} }
    const { profiles } = await deletePerson.one(tx, { id })
    if (profiles > 0) await appendEvents(tx, [newEvent(users, 'profileChanged', person, { userId: person })])
    return { done: true, erased: profiles > 0 ? { profile: profiles } : {} }
  })
}

function countsOf(kinds: readonly Kind[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}
