import { auth, suspendedPeople } from '@plaza/auth/contract'
import { service } from '@plaza/kernel/service'
import { authorsOf } from './authors.ts'
import { checksOf } from './checks.ts'
import { listComments } from './comments.ts'
import { posts } from './contract.ts'
import { countByAuthors } from './count-by-authors.ts'
import { countReactions, hearChanges } from './counts.ts'
import { commentOn, createPost } from './create-post.ts'
import { currentPosts } from './current-posts.ts'
import { deletePost } from './delete-post.ts'
import { editPost } from './edit-post.ts'
import { peoplesReactions } from './find-reactions.ts'
import { forTimelines } from './for-timelines.ts'
import { getPost, postReader } from './get-post.ts'
import { hidePost } from './hide-post.ts'
import { listByAuthor } from './list-by-author.ts'
import { listEdits } from './list-edits.ts'
import { listLikes } from './list-likes.ts'
import { personalData } from './personal.ts'
import { reactTo } from './react.ts'
import { seenPosts } from './seen-posts.ts'
import { showPosts } from './show-posts.ts'
import { readThread } from './thread.ts'
import { threadsOf } from './thread-store.ts'
import { upkeep } from './upkeep.ts'
import { versionsOf } from './versions.ts'
import { viewersOf } from './viewers.ts'

export const postsService = service(posts, new URL('../migrations/', import.meta.url), kit => {
  const authors = authorsOf(kit)
  const versions = versionsOf(kit)
  const suspended = suspendedPeople(kit, auth)
  const viewers = viewersOf(kit, suspended, versions.ofPerson)
  const current = currentPosts(kit, versions.ofPost)
  const reactions = peoplesReactions(kit)
  const reader = postReader(current, viewers)
  const threads = threadsOf(kit)
  const { shown, withPlaces } = showPosts(current, authors, viewers, reactions.find)
  const create = createPost(kit, authors, viewers, reader)
  const hourly = upkeep(kit)
  return {
    handlers: {
      create,
      comment: commentOn(create),
      listComments: listComments(reader, threads, shown),
      thread: readThread(reader, threads, withPlaces),
      get: getPost(reader, authors, reactions.find),
      edit: editPost(kit, authors, viewers, reactions.find),
      delete: deletePost(kit, viewers),
      hide: hidePost(kit),
      listEdits: listEdits(kit, reader),
      listByAuthor: listByAuthor(kit, current, authors, viewers, versions.ofPerson, reactions.find),
      listLikes: listLikes(kit, reader, suspended),
      ...reactTo(kit, reader, current),
      ...reactions.handlers,
      countByAuthors: countByAuthors(kit),
      seenByIds: seenPosts(current, viewers, shown),
      ...forTimelines(kit, current, versions.ofPerson),
    },
    subscriptions: [
      authors.subscription,
      suspended.subscription,
      countReactions(),
      hearChanges(current, reactions.cache),
    ],
    jobs: hourly.handlers,
    personal: personalData(kit),
    checks: checksOf(kit.db),
    start: async () => {
      await hourly.begin()
    },
  }
})
