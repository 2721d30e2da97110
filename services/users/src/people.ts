import type { UserId } from '@plaza/kernel/contract'
import { batched } from '@plaza/kernel/data'
import type { Kit } from '@plaza/kernel/service'
import { userNotFound } from './contract.ts'
import { profileMaker } from './make-profiles.ts'
import { findCards, findIdsByUsername, findProfiles } from './profile-store.ts'
import { findRelations, findRelationsBetween, findVersions } from './relation-reads.ts'

export type People = ReturnType<typeof peopleOf>

/** What is read of people, each kind coalesced across requests. Profiles that are not made yet are made when first looked for. */
export function peopleOf({ db, call, metrics }: Kit) {
  const make = profileMaker(db, call, metrics)
  const profile = batched({
    name: 'users.profile',
    load: (ids: readonly UserId[]) => findProfiles(db, ids),
    metrics,
  })
  const card = batched({ name: 'users.card', load: (ids: readonly UserId[]) => findCards(db, ids), metrics })
  const idByUsername = batched({
    name: 'users.id-by-username',
    load: (usernames: readonly string[]) => findIdsByUsername(db, usernames),
    metrics,
  })
  const between = batched({
    name: 'users.relation-between',
    load: async (keys: readonly string[]) => {
      const relations = await findRelationsBetween(db, keys.map(pairOf))
      return new Map(relations.map((relation, i) => [keys[i]!, relation]))
    },
    metrics,
  })

  const findProfile = async (id: UserId) =>
    (await profile(id)) ?? ((await make.byId(id)) ? await profile(id) : undefined)

  return {
    findProfile,
    /** One's own: also for the moment in which a suspended person's token still lives. */
    getProfile: async (id: UserId) => (await findProfile(id))?.profile ?? refuse(id),
    findCard: async (id: UserId) => (await card(id)) ?? ((await make.byId(id)) ? await card(id) : undefined),
    findByUsername: async (username: string) => {
      const key = username.toLowerCase()
      return (await idByUsername(key)) ?? (await make.byUsername(key))
    },
    /** Makes sure that the people are there, if they are anybody. */
    make: (ids: readonly UserId[]) => Promise.all(ids.map(make.byId)),
    relationBetween: async (viewer: UserId, other: UserId) => (await between(`${viewer} ${other}`))!,
    relationVersion: batched({
      name: 'users.relation-version',
      load: (ids: readonly UserId[]) => findVersions(db, ids),
      metrics,
    }),
    relations: batched({
      name: 'users.relations',
      load: (ids: readonly UserId[]) => findRelations(db, ids),
      // Lists of up to `maxRelations` each: a few people at a time.
      maxKeys: 50,
      metrics,
    }),
  }
}

function refuse(id: UserId): never {
  throw userNotFound(`There is no person ${id}.`)
}

function pairOf(key: string): { viewer: UserId; other: UserId } {
  const [viewer, other] = key.split(' ') as [UserId, UserId]
  return { viewer, other }
}
