import type { PostId, UserId } from '@plaza/kernel/contract'
import { type Db, type RowOf, sql, type Tx, timeOf, toId, toUuid } from '@plaza/kernel/data'
import type { PostFacts } from './contract.ts'

/** What a person wrote, and what was found in it. */
export interface Content {
  readonly text: string
  readonly tags: readonly string[]
  readonly mentions: readonly { readonly id: UserId; readonly username: string }[]
}

/** The version each post has now; what does not exist is left out. */
export async function findVersions(db: Db, ids: readonly PostId[]): Promise<Map<PostId, number>> {
  const uuids = ids.map(toUuid)
  const rows = await versionsByIds.all(db, { ids: uuids })
  const known = new Map(ids.map((id, i) => [uuids[i]!, id]))
  return new Map(rows.map(row => [known.get(row.id)!, row.version]))
}

export async function findFacts(db: Db | Tx, ids: readonly PostId[]): Promise<Map<PostId, PostFacts>> {
  const rows = await factsByIds.all(db, { ids: ids.map(toUuid) })
  return new Map(rows.map(row => [toId('post', row.id), toFacts(row)]))
}

/** The post, locked until the transaction ends, so that nobody changes it meanwhile. */
export async function lockPost(tx: Tx, id: PostId): Promise<PostFacts | undefined> {
  const row = await lockById.maybe(tx, { id: toUuid(id) })
  return row && toFacts(row)
}

/** Puts the earlier text into the history and the new one in its place. */
export async function replaceContent(tx: Tx, before: PostFacts, content: Content, at: Date): Promise<void> {
  const id = toUuid(before.id)
  await keepEdit.run(tx, {
    id,
    version: before.version,
    text: before.text,
    writtenAt: new Date(before.editedAt ?? before.createdAt),
  })
  await updateContent.run(tx, {
    id,
    text: content.text,
    tags: orNull(content.tags),
    mentionIds: orNull(content.mentions.map(mention => toUuid(mention.id))),
    mentionNames: orNull(content.mentions.map(mention => mention.username)),
    editedAt: at,
  })
  const isTagged = before.visibility === 'public' && (before.tags.length > 0 || content.tags.length > 0)
  if (isTagged) await replaceTags.run(tx, { id, author: toUuid(before.authorId), tags: content.tags })
}

/** Deletes the post with its history and tags, and remembers whose it was. */
export async function removePost(tx: Tx, id: PostId, authorId: UserId): Promise<void> {
  await insertDeleted.run(tx, { id: toUuid(id), author: toUuid(authorId) })
  await deleteById.run(tx, { id: toUuid(id) })
}

/** Whose post it was that was deleted. */
export async function findDeletedAuthor(tx: Tx, id: PostId): Promise<UserId | undefined> {
  const row = await deletedById.maybe(tx, { id: toUuid(id) })
  return row && toId('user', row.author_id)
}

/** Null for an empty list: how rows hold it. */
function orNull<T>(list: readonly T[]): readonly T[] | null {
  return list.length === 0 ? null : list
}

const columns = {
  id: 'uuid',
  author_id: 'uuid',
  text: 'text',
  tags: 'text[]?',
  mention_ids: 'uuid[]?',
  mention_names: 'text[]?',
  visibility: 'text',
  version: 'int4',
  edited_at: 'timestamptz?',
} as const

function toFacts(row: RowOf<typeof columns>): PostFacts {
  const id = toId('post', row.id)
  return {
    id,
    authorId: toId('user', row.author_id),
    text: row.text,
    tags: (row.tags ?? []) as string[],
    mentions: (row.mention_ids ?? []).map((uuid, i) => ({
      id: toId('user', uuid!),
      username: row.mention_names![i]!,
    })),
    visibility: row.visibility as PostFacts['visibility'],
    createdAt: new Date(timeOf(id)).toISOString(),
    editedAt: row.edited_at === null ? null : row.edited_at.toISOString(),
    version: row.version,
  }
}

const versionsByIds = sql({
  name: 'posts.versions-by-ids',
  params: { ids: 'uuid[]' },
  row: { id: 'uuid', version: 'int4' },
})`
  select id, version
  from posts
  where id = any(${'ids'})`

const factsByIds = sql({ name: 'posts.facts-by-ids', params: { ids: 'uuid[]' }, row: columns })`
  select id, author_id, text, tags, mention_ids, mention_names, visibility, version, edited_at
  from posts
  where id = any(${'ids'})`

const lockById = sql({ name: 'posts.lock-by-id', params: { id: 'uuid' }, row: columns })`
  select id, author_id, text, tags, mention_ids, mention_names, visibility, version, edited_at
  from posts
  where id = ${'id'}
  for update`

const keepEdit = sql({
  name: 'posts.keep-edit',
  params: { id: 'uuid', version: 'int4', text: 'text', writtenAt: 'timestamptz' },
})`
  insert into post_edits (post_id, version, text, written_at)
  values (${'id'}, ${'version'}, ${'text'}, ${'writtenAt'})`

const updateContent = sql({
  name: 'posts.update-content',
  params: {
    id: 'uuid',
    text: 'text',
    tags: 'text[]?',
    mentionIds: 'uuid[]?',
    mentionNames: 'text[]?',
    editedAt: 'timestamptz',
  },
})`
  update posts
  set text = ${'text'}, tags = ${'tags'}, mention_ids = ${'mentionIds'}, mention_names = ${'mentionNames'},
    edited_at = ${'editedAt'}, version = version + 1
  where id = ${'id'}`

const replaceTags = sql({
  name: 'posts.replace-tags',
  params: { id: 'uuid', author: 'uuid', tags: 'text[]' },
})`
  with gone as (
    delete from post_tags
    where post_id = ${'id'} and tag <> all(${'tags'})
  )
  insert into post_tags (tag, post_id, author_id)
  select tag, ${'id'}, ${'author'}
  from unnest(${'tags'}) tag
  on conflict do nothing`

const insertDeleted = sql({ name: 'posts.insert-deleted', params: { id: 'uuid', author: 'uuid' } })`
  insert into deleted_posts (id, author_id)
  values (${'id'}, ${'author'})`

const deleteById = sql({ name: 'posts.delete-by-id', params: { id: 'uuid' } })`
  delete from posts
  where id = ${'id'}`

const deletedById = sql({
  name: 'posts.deleted-by-id',
  params: { id: 'uuid' },
  row: { author_id: 'uuid' },
})`
  select author_id
  from deleted_posts
  where id = ${'id'}`

/**
 * Forgets who deleted what a day ago. It is remembered for a DELETE sent again because its answer was lost, and a day is how long any request
 * may be repeated (answers to idempotency keys live as long); later it is 404, as for everybody else.
 */
export const deleteOldDeletions = sql({ name: 'posts.delete-old-deletions', params: { limit: 'int4' } })`
  delete from deleted_posts
  where id = any(array(
    select id
    from deleted_posts
    where at < now() - interval '24 hours'
    order by at
    limit ${'limit'}
    for update skip locked
  ))`
