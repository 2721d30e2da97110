import type { PostId, UserId } from '@plaza/kernel/contract'
import { batched, type Db, sql, toId, toUuid } from '@plaza/kernel/data'
import type { Kit } from '@plaza/kernel/service'

/** How many events a person's log has; undefined before their first. Whatever they wrote, liked or reposted raises it. */
export type AuthorVersions = (id: UserId) => Promise<number | undefined>

export interface Versions {
  readonly ofPost: (id: PostId) => Promise<number | undefined>
  readonly ofPerson: AuthorVersions
}

/** Versions as they are now: those of posts and of the people who look at them are one query for all requests of a moment. */
export function versionsOf({ db, metrics }: Kit): Versions {
  const find = batched({
    name: 'posts.versions',
    load: (ids: readonly (PostId | UserId)[]) => findAny(db, ids),
    metrics,
  })
  return { ofPost: find, ofPerson: find }
}

async function findAny(db: Db, ids: readonly (PostId | UserId)[]): Promise<Map<PostId | UserId, number>> {
  const isPost = (id: PostId | UserId): id is PostId => id.startsWith('post_')
  const rows = await anyVersions.all(db, {
    posts: ids.filter(isPost).map(toUuid),
    people: ids.filter(id => !isPost(id)),
  })
  return new Map(
    rows.map(({ post_id, person, version }) => [
      post_id === null ? (person as UserId) : toId('post', post_id),
      version,
    ]),
  )
}

const anyVersions = sql({
  name: 'posts.any-versions',
  params: { posts: 'uuid[]', people: 'text[]' },
  row: { post_id: 'uuid?', person: 'text?', version: 'int8' },
})`
  select id as post_id, null::text as person, version::int8
  from posts
  where id = any(${'posts'})
  union all
  select null, stream, version
  from streams
  where stream = any(${'people'})`
