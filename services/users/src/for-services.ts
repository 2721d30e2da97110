import type { Handlers } from '@plaza/kernel/service'
import type { users } from './contract.ts'
import type { People } from './people.ts'

type Internal = 'cards' | 'idsByUsername' | 'relationVersions' | 'relations' | 'relationsBetween'

/** What other services ask. */
export function forServices(people: People): Pick<Handlers<typeof users>, Internal> {
  return {
    cards: async ({ ids }) => present(await Promise.all(ids.map(people.findCard))),
    idsByUsername: async ({ usernames }) => {
      const ids = await Promise.all(usernames.map(people.findByUsername))
      return usernames.flatMap((username, i) => {
        const id = ids[i]
        return id === undefined ? [] : [{ username, id }]
      })
    },
    relationVersions: async ({ ids }) => {
      const versions = await Promise.all(ids.map(people.relationVersion))
      return ids.flatMap((id, i) => {
        const version = versions[i]
        return version === undefined ? [] : [{ id, version }]
      })
    },
    relations: async ({ id }) => (await people.relations(id)) ?? none,
    relationsBetween: ({ viewer, others }) =>
      Promise.all(others.map(other => people.relationBetween(viewer, other))),
  }
}

const none = { version: 0, following: [], blocked: [], muted: [], suspended: false }

const present = <T>(values: readonly (T | undefined)[]) => values.filter(value => value !== undefined)
