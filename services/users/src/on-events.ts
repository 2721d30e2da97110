import { auth } from '@plaza/auth/contract'
import type { PostId, UserId } from '@plaza/kernel/contract'
import { type Tx, toUuid } from '@plaza/kernel/data'
import { shared } from '@plaza/kernel/events'
import type { JobHandlers } from '@plaza/kernel/jobs'
import type { Kit } from '@plaza/kernel/service'
import { posts } from '@plaza/posts/contract'
import type { People } from './people.ts'
import { deletePerson } from './personal-store.ts'
import { addToPostCount } from './post-counts.ts'
import { setSuspended } from './profile-store.ts'

const makeProfile = 'make-profile'

/** Who registered gets a profile, by a job: auth must be asked, which no transaction waits for. Who is looked for earlier gets it then. */
export const followAccounts = ({ jobs }: Kit) =>
  shared('accounts', auth, {
    registered: async ({ data: { userId } }, tx) => {
      await jobs.add(tx, { kind: makeProfile, key: userId, data: { userId } })
    },
    suspended: ({ data: { userId } }, tx) => setSuspended(tx, userId, true),
    unsuspended: ({ data: { userId } }, tx) => setSuspended(tx, userId, false),
    erasing: ({ data: { userId } }, tx) => setSuspended(tx, userId, true),
    // What an event that came late has made of somebody who was erased here before.
    erased: async ({ data: { userId } }, tx) => {
      await deletePerson.run(tx, { id: toUuid(userId) })
    },
  })

/** Counts posts: each event moves a count once, in the transaction that moves the cursor. Ten times a second is enough for a count. */
export const countPosts = () =>
  shared(
    'post-counts',
    posts,
    {
      posted: ({ data }, tx) => count(tx, data, 1),
      deleted: ({ data }, tx) => count(tx, data, -1),
      hidden: ({ data }, tx) => count(tx, data, -1),
    },
    { pace: 100 },
  )

// Comments stand in no list of posts, and so in no count of them.
function count(tx: Tx, data: { authorId: UserId; replyTo?: PostId }, change: number): void {
  if (data.replyTo === undefined) addToPostCount(tx, data.authorId, change)
}

export const profileJobs = (people: People): JobHandlers => ({
  [makeProfile]: async ({ userId }: { userId: UserId }) => {
    await people.make([userId])
  },
})
