import { sql, toId, toUuid } from '@plaza/kernel/data'
import type { Handlers, Kit } from '@plaza/kernel/service'
import type { users } from './contract.ts'
import { findSeenProfile } from './get-profile.ts'
import type { People } from './people.ts'

/** What a read model over people asks, and how it shows whom it found. */
export function forSearch(
  { db }: Kit,
  people: People,
): Pick<Handlers<typeof users>, 'byIds' | 'pageAll' | 'seenProfiles'> {
  return {
    byIds: async ({ ids }) => (await factsByIds.all(db, { ids: ids.map(toUuid) })).map(toFacts),
    pageAll: async ({ after, limit }) => {
      const from = after === undefined ? zero : toUuid(after)
      return (await factsAfter.all(db, { after: from, limit })).map(toFacts)
    },
    seenProfiles: async ({ ids }, context) => {
      const seen = await Promise.all(ids.map(id => findSeenProfile(people, id, context)))
      return seen.filter(profile => profile !== undefined)
    },
  }
}

const zero = '00000000-0000-0000-0000-000000000000'

const row = {
  id: 'uuid',
  username: 'text',
  display_name: 'text',
  bio: 'text',
  follower_count: 'int4',
  version: 'int4',
} as const
type Row = Awaited<ReturnType<typeof factsByIds.all>>[number]

function toFacts({ id, username, display_name, bio, follower_count, version }: Row) {
  return {
    id: toId('user', id),
    username,
    displayName: display_name,
    bio,
    followerCount: follower_count,
    version,
  }
}

const factsByIds = sql({ name: 'users.facts-by-ids', params: { ids: 'uuid[]' }, row })`
  select profiles.id, username, display_name, bio, follower_count, profiles.version
  from profiles
  join people on people.id = profiles.id
  where profiles.id = any(${'ids'})`

const factsAfter = sql({ name: 'users.facts-after', params: { after: 'uuid', limit: 'int4' }, row })`
  select profiles.id, username, display_name, bio, follower_count, profiles.version
  from profiles
  join people on people.id = profiles.id
  where profiles.id > ${'after'}
  order by profiles.id
  limit ${'limit'}`
