import type { PostId } from '@plaza/kernel/contract'
import type { Handlers, Kit } from '@plaza/kernel/service'
import type { posts } from './contract.ts'
import type { CurrentPosts } from './current-posts.ts'
import { pageEntries } from './entry-store.ts'
import { pageByAuthors, pageByTag, pagePublic } from './list-store.ts'
import { findFactsAfter } from './post-store.ts'
import { normalTag } from './post-text.ts'
import type { AuthorVersions } from './versions.ts'

type Internal =
  | 'byIds'
  | 'pageByAuthors'
  | 'pageEntries'
  | 'pageAll'
  | 'pagePublic'
  | 'pageByTag'
  | 'authorVersions'

/** What other services ask; who may see what they decide. */
export function forTimelines(
  { db }: Kit,
  current: CurrentPosts,
  versionOf: AuthorVersions,
): Pick<Handlers<typeof posts>, Internal> {
  return {
    byIds: async ({ ids, hidden = false }) => {
      const found = await Promise.all(ids.map((id: PostId) => current.find(id)))
      return found.flatMap(post => {
        if (post === undefined || post.facts.visibility === 'gone') return []
        return post.facts.visibility === 'hidden' && !hidden ? [] : post.facts
      })
    },
    pageAll: ({ after, limit }) => findFactsAfter(db, after, limit),
    pageByAuthors: async ({ authors, ...span }) => ({ ids: await pageByAuthors(db, authors, span) }),
    pageEntries: async ({ authors, ...span }) => ({ entries: await pageEntries(db, authors, span) }),
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
