import type { UserId } from '@plaza/kernel/contract'
import { type Db, grouped } from '@plaza/kernel/data'
import { appendEvents, type NewEvent, newEvent } from '@plaza/kernel/events'
import type { Handler, Kit } from '@plaza/kernel/service'
import { blockedByYou, maxRelations, notYourself, tooManyRelations, userNotFound, users } from './contract.ts'
import type { People } from './people.ts'
import {
  type Change,
  decideChanges,
  effectOf,
  type Fact,
  type Kind,
  type Outcome,
} from './relation-changes.ts'
import { lockPeople, readEdges, writeEffect } from './relation-store.ts'

/** Follow, block, mute and their undoing. Concurrent changes go in one transaction: a person whom a thousand follow at once is locked a few times. */
export function relationChanger({ db, metrics }: Kit, people: People) {
  const change = grouped<Change, Outcome>({
    name: 'users.change-relation',
    key: ({ kind, actor, other }) => `${kind} ${actor} ${other}`,
    merge: (waiting, later) => (waiting.wanted === later.wanted ? waiting : undefined),
    write: changes => changeRelations(db, changes),
    readBack: 'repeat',
    metrics,
  })

  return (kind: Kind, wanted: boolean): Handler<{ id: UserId }, null> =>
    async ({ id: other }, context) => {
      const actor = context.identity!.userId
      if (actor === other) throw notYourself(`You cannot ${kind} yourself.`)
      const asked: Change = { kind, wanted, actor, other }
      let outcome = await change(asked)
      if (outcome === 'no-such-person') {
        // Registered a moment ago, perhaps: their profile is made now.
        await people.make([actor, other])
        outcome = await change(asked)
      }
      if (outcome !== 'done') throw refusal(outcome, asked)
      return null
    }
}

async function changeRelations(db: Db, changes: readonly Change[]): Promise<readonly Outcome[]> {
  return db.transaction(async tx => {
    const concerned = new Set(changes.flatMap(({ actor, other }) => [actor, other]))
    const standing = { ...(await lockPeople(tx, concerned)), edges: await readEdges(tx, changes) }
    const { outcomes, facts } = decideChanges(standing, changes)
    if (facts.length > 0) {
      await writeEffect(tx, effectOf(facts))
      await appendEvents(tx, facts.map(relationEvent))
    }
    return outcomes
  })
}

/** What the log says of a relation that began or ended. */
export function relationEvent({ kind, from, to, holds }: Fact): NewEvent {
  if (kind === 'follow') {
    return newEvent(users, holds ? 'followed' : 'unfollowed', from, { followerId: from, followeeId: to })
  }
  if (kind === 'block') {
    return newEvent(users, holds ? 'blocked' : 'unblocked', from, { blockerId: from, blockedId: to })
  }
  return newEvent(users, holds ? 'muted' : 'unmuted', from, { muterId: from, mutedId: to })
}

function refusal(outcome: Exclude<Outcome, 'done'>, { kind, other }: Change) {
  if (outcome === 'blocked-by-you') return blockedByYou(`You blocked ${other}: unblock them to follow them.`)
  if (outcome === 'too-many')
    return tooManyRelations(`You ${kind} ${maxRelations} people, which is the most.`)
  return userNotFound(`There is no person ${other}, or they are not for you to see.`)
}
