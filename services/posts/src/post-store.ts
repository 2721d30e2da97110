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

/** Posts and comments of all people, the oldest first, without what is hidden or gone. */
export async function findFactsAfter(db: Db, after: PostId | undefined, limit: number): Promise<PostFacts[]> {
  const from = after === undefined ? '00000000-0000-0000-0000-000000000000' : toUuid(after)
  return (await factsAfter.all(db, { after: from, limit })).map(toFacts)
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
  const isListed = before.visibility === 'public' && before.replyTo === null
  const isTagged = isListed && (before.tags.length > 0 || content.tags.length > 0)
  if (isTagged) await replaceTags.run(tx, { id, author: toUuid(before.authorId), tags: content.tags })
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
  reply_to: 'uuid?',
  root_id: 'uuid?',
  answered_id: 'uuid?',
  likes: 'int4?',
  replies: 'int4?',
  reposts: 'int4?',
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
    replyTo: row.reply_to === null ? null : toId('post', row.reply_to),
    rootId: row.root_id === null ? null : toId('post', row.root_id),
    answeredId: row.answered_id === null ? null : toId('user', row.answered_id),
    visibility: row.visibility as PostFacts['visibility'],
    likeCount: row.likes ?? 0,
    replyCount: row.replies ?? 0,
    repostCount: row.reposts ?? 0,
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
  select id, author_id, text, tags, mention_ids, mention_names, visibility, version, edited_at,
    reply_to, root_id, answered_id, likes, replies, reposts
  from posts
  left join post_counts on post_id = id
  where id = any(${'ids'})`

// Counts are found one by one: any other join would read those of all posts.
const factsAfter = sql({
  name: 'posts.facts-after',
  params: { after: 'uuid', limit: 'int4' },
  row: columns,
})`
  select id, author_id, text, tags, mention_ids, mention_names, visibility, version, edited_at,
    reply_to, root_id, answered_id, likes, replies, reposts
  from posts
  left join lateral (
    select likes, replies, reposts
    from post_counts
    where post_id = posts.id
    limit 1
  ) counts on true
  where id > ${'after'} and visibility in ('public', 'followers')
  order by id
  limit ${'limit'}`

const lockById = sql({ name: 'posts.lock-by-id', params: { id: 'uuid' }, row: columns })`
  select id, author_id, text, tags, mention_ids, mention_names, visibility, version, edited_at,
    reply_to, root_id, answered_id, likes, replies, reposts
  from posts
  left join post_counts on post_id = id
  where id = ${'id'}
  for update of posts`

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
