import type { PostId, UserId } from '@plaza/kernel/contract'
import { type Db, sql, type Tx, toId, toUuid } from '@plaza/kernel/data'
import type { PostFacts } from './contract.ts'
import { removeReactions } from './reaction-store.ts'

/**
 * Deletes a locked post with its history, tags and reactions, and remembers whose it was. If it has answers, its place stays among them, without
 * a word of it or its author. Nobody can answer it meanwhile: that takes a lock on it too.
 */
export async function removePost(tx: Tx, { id, authorId }: PostFacts): Promise<'deleted' | 'buried'> {
  const uuid = toUuid(id)
  await insertDeleted.run(tx, { id: uuid, author: toUuid(authorId) })
  await removeReactions(tx, id)
  if ((await anyAnswer.maybe(tx, { id: uuid })) === undefined) {
    await deleteById.run(tx, { id: uuid })
    return 'deleted'
  }
  await removeTags.run(tx, { id: uuid })
  await removeEdits.run(tx, { id: uuid })
  await buryById.run(tx, { id: uuid })
  return 'buried'
}

/** Takes a locked post out of every list. */
export async function takeOut(tx: Tx, id: PostId): Promise<void> {
  await removeTags.run(tx, { id: toUuid(id) })
  await hideById.run(tx, { id: toUuid(id) })
}

/**
 * Deletes the place that a deleted post left, once it has no answer, and so on up the thread. Each place goes by itself: answers to it only get
 * fewer, and of two who take the last ones away at the same moment the later finds none. What a crash leaves, the upkeep finds.
 */
export async function removeEmptyPlaces(db: Db, from: PostId): Promise<void> {
  let id: string | null = toUuid(from)
  for (let steps = 0; id !== null && steps < maxStepsUp; steps++) {
    const removed: { reply_to: string | null } | undefined = await deleteEmptyPlace.maybe(db, { id })
    id = removed?.reply_to ?? null
  }
}
const maxStepsUp = 1_000

/** Whose post it was that was deleted. */
export async function findDeletedAuthor(tx: Tx, id: PostId): Promise<UserId | undefined> {
  const row = await deletedById.maybe(tx, { id: toUuid(id) })
  return row && toId('user', row.author_id)
}

const insertDeleted = sql({ name: 'posts.insert-deleted', params: { id: 'uuid', author: 'uuid' } })`
  insert into deleted_posts (id, author_id)
  values (${'id'}, ${'author'})`

const deleteById = sql({ name: 'posts.delete-by-id', params: { id: 'uuid' } })`
  delete from posts
  where id = ${'id'}`

const anyAnswer = sql({ name: 'posts.any-answer', params: { id: 'uuid' }, row: { id: 'uuid' } })`
  select id
  from posts
  where reply_to = ${'id'}
  order by reply_to, id
  limit 1`

const buryById = sql({ name: 'posts.bury-by-id', params: { id: 'uuid' } })`
  update posts
  set visibility = 'gone', author_id = '00000000-0000-0000-0000-000000000000', text = '', tags = null,
    mention_ids = null, mention_names = null, edited_at = null, version = version + 1
  where id = ${'id'}`

const hideById = sql({ name: 'posts.hide-by-id', params: { id: 'uuid' } })`
  update posts
  set visibility = 'hidden', version = version + 1
  where id = ${'id'}`

const removeTags = sql({ name: 'posts.remove-tags', params: { id: 'uuid' } })`
  delete from post_tags
  where post_id = ${'id'}`

const removeEdits = sql({ name: 'posts.remove-edits', params: { id: 'uuid' } })`
  delete from post_edits
  where post_id = ${'id'}`

const deleteEmptyPlace = sql({
  name: 'posts.delete-empty-place',
  params: { id: 'uuid' },
  row: { reply_to: 'uuid?' },
})`
  delete from posts
  where id = ${'id'} and visibility = 'gone' and not exists (
    select from posts answer
    where answer.reply_to = ${'id'}
  )
  returning reply_to`

/** What a crash left of `removeEmptyPlaces`: one level of places without an answer, further ones at the next call. */
export const deleteEmptyPlaces = sql({ name: 'posts.delete-empty-places', params: { limit: 'int4' } })`
  delete from posts
  where id = any(array(
    select id
    from posts place
    where visibility = 'gone' and not exists (
      select from posts answer
      where answer.reply_to = place.id
    )
    limit ${'limit'}
    for update skip locked
  ))`

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
