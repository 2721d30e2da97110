import { type Account, auth } from '@plaza/auth/contract'
import type { Context } from '@plaza/kernel/call'
import { invalidCursor, type UserId } from '@plaza/kernel/contract'
import { isPermitted } from '@plaza/kernel/security'
import type { Handlers, Kit } from '@plaza/kernel/service'
import { type Profile, userNotFound, type users } from './contract.ts'
import type { People } from './people.ts'

type UsersHandlers = Handlers<typeof users>

/** One's own profile, with what only auth knows. */
export function ownProfile({ call }: Kit, people: People): UsersHandlers['me'] {
  return async (_input, context) => {
    const id = context.identity!.userId
    const [profile, accounts] = await Promise.all([
      people.getProfile(id),
      call(auth).accounts({ ids: [id] }, context),
    ])
    const [account] = accounts
    if (account === undefined) throw userNotFound('This account is not there any more.')
    return { ...profile, ...privateOf(account) }
  }
}

const privateOf = ({ email, emailVerified, roles }: Account) => ({ email, emailVerified, roles })

export function getProfile(people: People): UsersHandlers['get'] {
  return ({ id }, context) => seenProfile(people, id, context)
}

export function findByUsername(people: People): UsersHandlers['find'] {
  return async ({ username, cursor }, context) => {
    if (cursor !== undefined) throw invalidCursor('A list of none or one has no further page.')
    const id = await people.findByUsername(username)
    const profile = id === undefined ? undefined : await findSeenProfile(people, id, context)
    return { items: profile === undefined ? [] : [profile], nextCursor: null, prevCursor: null }
  }
}

/** The profile as the one who asks sees it; throws when there is none for them. */
export async function seenProfile(people: People, id: UserId, context: Context): Promise<Profile> {
  const profile = await findSeenProfile(people, id, context)
  if (profile === undefined) throw userNotFound(`There is no person ${id}, or they are not for you to see.`)
  return profile
}

/** The profile as the one who asks sees it; undefined for those whom the person blocked, and of the suspended for most. */
export async function findSeenProfile(
  people: People,
  id: UserId,
  context: Context,
): Promise<Profile | undefined> {
  const viewer = context.identity?.userId
  // Nobody has a relation with themselves.
  const other = viewer === undefined || viewer === id ? undefined : viewer
  const [known, relation] = await Promise.all([
    people.findProfile(id),
    other === undefined ? noRelation : people.relationBetween(other, id),
  ])
  if (known === undefined || relation.blockedBy) return undefined
  if (known.suspended && !maySeeSuspended(context)) return undefined
  if (viewer === undefined) return known.profile
  return { ...known.profile, following: relation.following, followedBy: relation.followedBy }
}

const noRelation = { following: false, followedBy: false, blockedBy: false }

/** Who judges people must see whom they judged. */
function maySeeSuspended({ identity }: Context): boolean {
  return (
    identity !== undefined &&
    (isPermitted(identity.roles, 'moderation') || isPermitted(identity.roles, 'users:manage'))
  )
}
