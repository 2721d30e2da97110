import { stale } from '@plaza/kernel/contract'
import { appendEvents, newEvent } from '@plaza/kernel/events'
import type { Handlers, Kit } from '@plaza/kernel/service'
import { users } from './contract.ts'
import { ownProfile } from './get-profile.ts'
import type { People } from './people.ts'
import { raiseVersion, updateProfile } from './profile-store.ts'

/** Everybody edits their own profile: whose it is says the token, nothing in the request. */
export function editMe(kit: Kit, people: People): Handlers<typeof users>['editMe'] {
  const read = ownProfile(kit, people)
  return async ({ displayName, bio, ifVersion }, context) => {
    const userId = context.identity!.userId
    const current = await people.getProfile(userId)
    if (displayName === undefined && bio === undefined) {
      if (ifVersion !== undefined && ifVersion !== current.version) throw changedMeanwhile(ifVersion)
      return read({}, context)
    }
    const edit = { displayName: displayName ?? null, bio: bio ?? null, ifVersion: ifVersion ?? null }
    await kit.db.transaction(async tx => {
      await raiseVersion(tx, userId)
      if (!(await updateProfile(tx, userId, edit))) throw changedMeanwhile(ifVersion)
      await appendEvents(tx, [newEvent(users, 'profileChanged', userId, { userId })])
    })
    return read({}, context)
  }
}

const changedMeanwhile = (asked: number | undefined) =>
  stale(`Your profile is not at version ${asked} any more: read it again.`)
