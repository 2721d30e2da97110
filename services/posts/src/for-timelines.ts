import type { PostId, UserId } from '@plaza/kernel/contract'
import { batched } from '@plaza/kernel/data'
import type { Handlers, Kit } from '@plaza/kernel/service'
import type { posts } from './contract.ts'
import type { CurrentPosts } from './current-posts.ts'
import { findAuthorVersions, pageByAuthors, pageByTag, pagePublic } from './list-store.ts'
import { normalTag } from './post-text.ts'

type Internal = 'byIds' | 'pageByAuthors' | 'pagePublic' | 'pageByTag' | 'authorVersions'

/** What other services ask; who may see what they decide. */
export function forTimelines(
  { db, metrics }: Kit,
  current: CurrentPosts,
): Pick<Handlers<typeof posts>, Internal> {
  const versionOf = batched({
    name: 'posts.author-version',
    load: (ids: readonly UserId[]) => findAuthorVersions(db, ids),
    metrics,
  })
  return {
    byIds: async ({ ids }) => {
      const found = await Promise.all(ids.map((id: PostId) => current.find(id)))
      return found.flatMap(post => post?.facts ?? [])
    },
    pageByAuthors: async ({ authors, ...span }) => ({ ids: await pageByAuthors(db, authors, span) }),
    pagePublic: async ({ without, ...span }) => ({ ids: await pagePublic(db, without, span) }),
    pageByTag: async ({ tag, without, ...span }) => ({
      ids: await pageByTag(db, normalTag(tag), without, span),
    }),
    authorVersions: async ({ ids }) => {
      const versions = await Promise.all(ids.map(versionOf))
      return ids.flatMap((id, i) => (versions[i] === undefined ? [] : [{ id, version: versions[i] }]))
    },
  }
}
