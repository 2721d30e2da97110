import type { PostId, UserId } from '@plaza/kernel/contract'
import { timeOf, toId, toUuid } from '@plaza/kernel/data'
import { appendEvents, newEvent } from '@plaza/kernel/events'
import type { EraseStep, ExportPart, Kit, PersonalData } from '@plaza/kernel/service'
import { type PostFacts, posts } from './contract.ts'
import {
  erasePosts,
  forgetAnswered,
  forgetDeletions,
  forgetMentions,
  lockOwnPosts,
  lowestUuid,
  type OwnPost,
  ownEdits,
  ownLikes,
  ownPosts,
  ownReposts,
  removeSomeReactions,
  takeLikes,
  takeReposts,
} from './personal-store.ts'
import { findFacts } from './post-store.ts'
import { removeEmptyPlaces } from './removal-store.ts'

type Db = Kit['db']
type Part = (db: Db, person: UserId, after: string | undefined) => Promise<ExportPart>

/** Records of one part of an export: texts are long. */
const perPart = 200
/** Rows of one step of an erasure, so that it holds nobody up. */
const perStep = 500
const postsPerStep = 100

/** What this service holds of a person: what they wrote, its earlier texts, what they liked and reposted, where they are named. */
export function personalData({ db }: Kit): PersonalData {
  return {
    export: async (person, after) => {
      const [kind = 'posts', ...place] = after?.split(' ') ?? []
      const at = kinds.findIndex(([name]) => name === kind)
      const part = await kinds[at]![1](db, person, place.length === 0 ? undefined : place.join(' '))
      const following = kinds[at + 1]?.[0] ?? null
      return { records: part.records, next: part.next === null ? following : `${kind} ${part.next}` }
    },
    erase: async person => {
      for (const step of steps) {
        const erased = await step(db, person)
        if (erased !== undefined) return { done: false, erased }
      }
      return { done: true, erased: {} }
    },
  }
}

const kinds: readonly (readonly [name: string, part: Part])[] = [
  ['posts', exportPosts],
  ['edits', exportEdits],
  ['likes', (db, person, after) => exportReactions(db, person, after, 'like')],
  ['reposts', (db, person, after) => exportReactions(db, person, after, 'repost')],
]

async function exportPosts(db: Db, person: UserId, after = lowestUuid): Promise<ExportPart> {
  const ids = await ownPosts(db, person, after, perPart)
  const found = await findFacts(db, ids)
  const records = ids.flatMap(id => {
    const facts = found.get(id)
    return facts ? [{ kind: facts.replyTo === null ? 'post' : 'comment', data: exported(facts) }] : []
  })
  return { records, next: ids.length < perPart ? null : toUuid(ids.at(-1)!) }
}

function exported({ authorId, rootId, answeredId, ...shown }: PostFacts): Partial<PostFacts> {
  return shown
}

async function exportEdits(db: Db, person: UserId, after = `${lowestUuid} 0`): Promise<ExportPart> {
  const [post, version] = after.split(' ') as [string, string]
  const params = { person: toUuid(person), post, version: Number(version), limit: perPart }
  const rows = await ownEdits.all(db, params)
  const last = rows.at(-1)
  return {
    records: rows.map(({ post_id, version, text, written_at }) => ({
      kind: 'edit',
      data: { postId: toId('post', post_id), version, text, writtenAt: written_at.toISOString() },
    })),
    next: rows.length < perPart ? null : `${last!.post_id} ${last!.version}`,
  }
}

async function exportReactions(
  db: Db,
  person: UserId,
  after = lowestUuid,
  kind: 'like' | 'repost',
): Promise<ExportPart> {
  const list = kind === 'like' ? ownLikes : ownReposts
  const rows = await list.all(db, { person: toUuid(person), after, limit: perStep })
  return {
    records: rows.map(({ post_id, id }) => ({
      kind,
      data: { postId: toId('post', post_id), createdAt: new Date(timeOf(toId('post', id))).toISOString() },
    })),
    next: rows.length < perStep ? null : rows.at(-1)!.post_id,
  }
}

/** Each does some of what is left of one kind, in one transaction; undefined when nothing is left. */
const steps: readonly ((db: Db, person: UserId) => Promise<EraseStep['erased'] | undefined>)[] = [
  erasePostsOf,
  eraseLikes,
  eraseReposts,
  eraseMentions,
  eraseAnswered,
  eraseDeletions,
]

async function erasePostsOf(db: Db, person: UserId) {
  const { erased, gone } = await db.transaction(async tx => {
    const own = await lockOwnPosts(tx, person, postsPerStep)
    if (own.length === 0) return { erased: undefined, gone: [] }
    const ids = own.map(post => post.id)
    const removed = await removeSomeReactions(tx, ids, perStep)
    // More reactions than one step may take: the posts go in a later one.
    if (removed >= perStep) return { erased: { reactionsOfOthers: removed }, gone: [] }
    await erasePosts(tx, ids)
    await appendEvents(
      tx,
      own.map(post => newEvent(posts, 'deleted', person, deletion(person, post))),
    )
    const counted = removed === 0 ? {} : { reactionsOfOthers: removed }
    return { erased: { posts: own.length, ...counted }, gone: own }
  })
  // What a crash leaves of these, the upkeep finds.
  const above = new Set(gone.flatMap(post => post.replyTo ?? []))
  for (const id of above) await removeEmptyPlaces(db, id)
  return erased
}

// A hidden comment was taken off the answers of what it answers when it was hidden.
function deletion(authorId: UserId, { id: postId, replyTo, isHidden }: OwnPost) {
  return { postId, authorId, ...(replyTo !== undefined && !isHidden && { replyTo }) }
}

function eraseLikes(db: Db, person: UserId) {
  return db.transaction(async tx => {
    const rows = await takeLikes.all(tx, { person: toUuid(person), limit: perStep })
    if (rows.length === 0) return undefined
    const news = rows.map(row => newEvent(posts, 'unliked', person, reaction(person, row)))
    await appendEvents(tx, news)
    return { likes: rows.length }
  })
}

function eraseReposts(db: Db, person: UserId) {
  return db.transaction(async tx => {
    const rows = await takeReposts.all(tx, { person: toUuid(person), limit: perStep })
    if (rows.length === 0) return undefined
    const news = rows.map(row =>
      newEvent(posts, 'unreposted', person, { ...reaction(person, row), repostId: toId('post', row.id) }),
    )
    await appendEvents(tx, news)
    return { reposts: rows.length }
  })
}

function reaction(
  userId: UserId,
  row: { readonly post_id: string; readonly author_id: string },
): { postId: PostId; authorId: UserId; userId: UserId } {
  return { postId: toId('post', row.post_id), authorId: toId('user', row.author_id), userId }
}

function eraseMentions(db: Db, person: UserId) {
  return db.transaction(async tx => {
    const rows = await forgetMentions.all(tx, { person: toUuid(person), limit: postsPerStep })
    if (rows.length === 0) return undefined
    const news = rows.map(row => {
      const [postId, authorId] = [toId('post', row.id), toId('user', row.author_id)]
      return newEvent(posts, 'edited', authorId, { postId, authorId })
    })
    await appendEvents(tx, news)
    return { mentions: rows.length }
  })
}

async function eraseAnswered(db: Db, person: UserId) {
  const answers = await forgetAnswered.run(db, { person: toUuid(person), limit: perStep })
  return answers === 0 ? undefined : { answers }
}

async function eraseDeletions(db: Db, person: UserId) {
  const deletions = await forgetDeletions.run(db, { person: toUuid(person), limit: perStep })
  return deletions === 0 ? undefined : { deletions }
}
