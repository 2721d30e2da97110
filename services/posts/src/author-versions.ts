import type { UserId } from '@plaza/kernel/contract'
import { batched } from '@plaza/kernel/data'
import type { Kit } from '@plaza/kernel/service'
import { findAuthorVersions } from './list-store.ts'

/** How many events a person's log has; undefined before their first post. Any post, edit or deletion of theirs raises it. */
export type AuthorVersions = (id: UserId) => Promise<number | undefined>

export function authorVersions({ db, metrics }: Kit): AuthorVersions {
  return batched({
    name: 'posts.author-version',
    load: (ids: readonly UserId[]) => findAuthorVersions(db, ids),
    metrics,
  })
}
