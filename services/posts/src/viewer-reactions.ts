import type { PostId, UserId } from '@plaza/kernel/contract'
import type { Reaction } from './post-view.ts'

/** How the viewer stands to each of these posts, in their order; undefined for who is not logged in. */
export type FindReactions = (
  viewer: { readonly id: UserId; readonly logVersion: number } | undefined,
  posts: readonly PostId[],
) => readonly (Reaction | undefined)[] | Promise<readonly (Reaction | undefined)[]>
