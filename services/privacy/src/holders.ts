import { analytics } from '@plaza/analytics/contract'
import { auth } from '@plaza/auth/contract'
import type { Contract } from '@plaza/kernel/contract'
import { moderation } from '@plaza/moderation/contract'
import { posts } from '@plaza/posts/contract'
import { search } from '@plaza/search/contract'
import { timelines } from '@plaza/timelines/contract'
import { users } from '@plaza/users/contract'
import { privacy } from './contract.ts'

export type Holder = Pick<Contract, 'name'>

/**
 * Every service of Plaza, in the order in which a person is erased: what others show first, then who they were, then what was derived, and last
 * the account, whose names are free from then on. A test proves that none is missing.
 */
export const holders: readonly Holder[] = [
  posts,
  users,
  moderation,
  timelines,
  search,
  analytics,
  privacy,
  auth,
]
