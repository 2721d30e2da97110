import { service } from '@plaza/kernel/service'
import { authorVersions } from './author-versions.ts'
import { authorsOf } from './authors.ts'
import { posts } from './contract.ts'
import { createPost } from './create-post.ts'
import { currentPosts } from './current-posts.ts'
import { deletePost, editPost } from './edit-post.ts'
import { forTimelines } from './for-timelines.ts'
import { getPost, postReader } from './get-post.ts'
import { listByAuthor } from './list-by-author.ts'
import { listEdits } from './list-edits.ts'
import { upkeep } from './upkeep.ts'
import { viewersOf } from './viewers.ts'

export const postsService = service(posts, new URL('../migrations/', import.meta.url), kit => {
  const authors = authorsOf(kit)
  const viewers = viewersOf(kit)
  const current = currentPosts(kit)
  const versionOf = authorVersions(kit)
  const reader = postReader(current, viewers)
  const hourly = upkeep(kit)
  return {
    handlers: {
      create: createPost(kit, authors, viewers),
      get: getPost(reader, authors),
      edit: editPost(kit, authors, viewers),
      delete: deletePost(kit, viewers),
      listEdits: listEdits(kit, reader),
      listByAuthor: listByAuthor(kit, current, authors, viewers, versionOf),
      ...forTimelines(kit, current, versionOf),
    },
    subscriptions: [authors.subscription],
    jobs: hourly.handlers,
    start: async () => {
      await hourly.begin()
    },
  }
})
