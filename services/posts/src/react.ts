import type { Context } from '@plaza/kernel/call'
import type { PostId } from '@plaza/kernel/contract'
import { type GroupedOptions, grouped } from '@plaza/kernel/data'
import type { Handlers, Kit } from '@plaza/kernel/service'
import { notForAll, type PostFacts, type posts } from './contract.ts'
import type { CurrentPosts } from './current-posts.ts'
import { notThere, type PostReader } from './get-post.ts'
import { addReactions, type Reacting, removeLikes, removeReposts } from './reaction-store.ts'

type Reactions = Pick<Handlers<typeof posts>, 'like' | 'unlike' | 'repost' | 'unrepost'>

/** Likes and reposts, and both taken back: twice is once. Those of a moment, of all requests, are one statement and one commit. */
export function reactTo({ db, metrics }: Kit, reader: PostReader, current: CurrentPosts): Reactions {
  const write = <Result>(name: string, write: GroupedOptions<Reacting, Result>['write']) =>
    grouped<Reacting, Result>({
      name: `posts.${name}`,
      // Of people, then posts: in this order rows are written, and locked.
      key: ({ userId, postId }) => `${userId} ${postId}`,
      write,
      readBack: 'repeat',
      maxRows: 500,
      metrics,
    })
  const like = write('like', all => addReactions(db, 'like', all))
  const repost = write('repost', all => addReactions(db, 'repost', all))
  const done = (all: readonly Reacting[]) => all.map(() => null)
  const unlike = write('unlike', async all => removeLikes(db, all).then(() => done(all)))
  const unrepost = write('unrepost', async all => removeReposts(db, all).then(() => done(all)))

  // What is one's own can be taken back whatever one may see by now, and again when the answer was lost: so the post need only be there.
  const find = async (id: PostId) => {
    const post = await current.find(id)
    if (post === undefined || post.facts.visibility === 'gone') throw notThere(id)
    return post.facts
  }
  return {
    like: async ({ id }, context) => {
      const { post } = await reader.get(id, context)
      if ((await like(reacting(context, post.facts))) === 'gone') throw notThere(id)
      return null
    },
    unlike: async ({ id }, context) => unlike(reacting(context, await find(id))),
    repost: async ({ id }, context) => {
      const { post } = await reader.get(id, context)
      if (post.facts.visibility !== 'public') throw notForAll(`The post ${id} is for followers only.`)
      if ((await repost(reacting(context, post.facts))) === 'gone') throw notThere(id)
      return null
    },
    unrepost: async ({ id }, context) => unrepost(reacting(context, await find(id))),
  }
}

// Access `posts:write` lets nobody in who is not logged in.
const personOf = (context: Context) => context.identity!.userId

function reacting(context: Context, { id, authorId }: PostFacts): Reacting {
  return { userId: personOf(context), postId: id, authorId }
}
