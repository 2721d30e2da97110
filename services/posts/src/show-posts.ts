import type { Context } from '@plaza/kernel/call'
import { toId } from '@plaza/kernel/data'
import type { Listed } from './author-list-store.ts'
import type { Authors } from './authors.ts'
import type { Post } from './contract.ts'
import type { CurrentPosts } from './current-posts.ts'
import { type KnownPost, viewOf } from './post-view.ts'
import type { FindReactions } from './viewer-reactions.ts'
import type { Viewer, Viewers } from './viewers.ts'

/** Listed posts of several authors as one viewer sees them, in their order; what is not for these eyes is left out. */
export type ShowPosts = (
  listed: readonly Listed[],
  viewer: Viewer | undefined,
  context: Context,
) => Promise<Post[]>

/** The author of what is deleted: nobody. */
const nobody = {
  id: toId('user', '00000000-0000-0000-0000-000000000000'),
  username: 'deleted',
  displayName: 'Deleted',
  avatarUrl: null,
  version: 0,
}

export function showPosts(
  current: CurrentPosts,
  authors: Authors,
  viewers: Viewers,
  reactions: FindReactions,
): { readonly shown: ShowPosts; readonly withPlaces: ShowPosts } {
  const show = async (
    isFor: (viewer: Viewer | undefined, post: KnownPost) => boolean,
    listed: readonly Listed[],
    viewer: Viewer | undefined,
    context: Context,
  ) => {
    const posts = await allOf(listed.map(({ id, version }) => current.findAt(id, version)))
    const seen = posts.filter(post => post !== undefined && isFor(viewer, post)) as KnownPost[]
    const [cards, stands] = await Promise.all([
      allOf(seen.map(({ facts }) => cardOf(facts.authorId, viewer, context))),
      reactions(
        viewer,
        seen.map(({ facts }) => facts.id),
      ),
    ])
    return seen.map((post, i) => viewOf(post, cards[i]!, stands[i]))
  }
  const cardOf: Authors['get'] = (id, viewer, context) =>
    id === nobody.id ? nobody : authors.get(id, viewer, context)
  const isFor = (viewer: Viewer | undefined, { facts }: KnownPost) => viewers.maySee(viewer, facts)
  const isPlace = ({ facts }: KnownPost) => facts.visibility === 'gone'
  return {
    shown: (...what) => show(isFor, ...what),
    withPlaces: (...what) => show((viewer, post) => isPlace(post) || isFor(viewer, post), ...what),
  }
}

// What memory has is there without waiting: a thread of fifty posts would wait a hundred times.
function allOf<T>(values: readonly (T | Promise<T>)[]): readonly T[] | Promise<T[]> {
  return values.some(value => value instanceof Promise) ? Promise.all(values) : (values as readonly T[])
}
