import type { Context } from '@plaza/kernel/call'
import { invalidInput, type PostId, type UserId } from '@plaza/kernel/contract'
import { keyRow, newId, newUuid, replay, shardOf, timeOf, toId } from '@plaza/kernel/data'
import type { Handler, Kit } from '@plaza/kernel/service'
import { users } from '@plaza/users/contract'
import type { Authors } from './authors.ts'
import type { Post, PostFacts } from './contract.ts'
import { notThere, type PostReader } from './get-post.ts'
import { postInserter } from './insert-posts.ts'
import type { Content } from './post-store.ts'
import { isShortEnough, maxTextLength, tagsIn, usernamesIn } from './post-text.ts'
import { postView } from './post-view.ts'
import type { Viewers } from './viewers.ts'

interface Input {
  readonly text: string
  readonly replyTo?: PostId
  readonly visibility?: Visibility
}
type Visibility = 'public' | 'followers'

export function createPost(
  kit: Kit,
  authors: Authors,
  viewers: Viewers,
  reader: PostReader,
): Handler<Input, Post> {
  const insert = postInserter(kit.db, kit.metrics)
  const read = contentReader(kit)
  return async ({ text, replyTo, visibility }, context) => {
    const [content, { asker, answered }] = await Promise.all([
      read(text, context),
      replyTo === undefined ? findAsker(viewers, context) : findAnswered(reader, replyTo, context),
    ])
    const author = await authors.get(asker.id, asker, context)
    const facts = newFacts(asker.id, content, visibility, answered)
    const post = postView(facts, author, noReaction)
    const outcome = await insert({ ...facts, key: keyRow(kit.db, context, post) })
    if (outcome === 'unanswerable') throw notThere(facts.replyTo!)
    return outcome === 'written' ? post : replay<Post>(kit.db, context, outcome)
  }
}

/** Answers a post: writes a post with `replyTo`. */
export function commentOn(
  create: Handler<Input, Post>,
): Handler<Omit<Input, 'replyTo'> & { id: PostId }, Post> {
  return ({ id, ...input }, context) => create({ ...input, replyTo: id }, context)
}

const noReaction = { liked: false, reposted: false }

async function findAsker(viewers: Viewers, context: Context) {
  return { asker: (await viewers.asker(context))!, answered: undefined }
}

/** What is answered must be there for the eyes of who answers. */
async function findAnswered(reader: PostReader, id: PostId, context: Context) {
  const { post, viewer } = await reader.get(id, context)
  return { asker: viewer!, answered: post.facts }
}

/** Finds tags and mentions in a text; refuses one that is too long. */
export function contentReader({ call }: Kit): (text: string, context: Context) => Promise<Content> {
  return async (text, context) => {
    if (!isShortEnough(text)) throw tooLong(text)
    const usernames = usernamesIn(text)
    if (usernames.length === 0) return { text, tags: tagsIn(text), mentions: [] }
    const people = await call(users).idsByUsername({ usernames }, context)
    const ids = new Map(people.map(({ username, id }) => [username.toLowerCase(), id]))
    const mentions = usernames.flatMap(username => {
      const id = ids.get(username)
      return id === undefined ? [] : [{ id, username }]
    })
    return { text, tags: tagsIn(text), mentions }
  }
}

function newFacts(
  authorId: UserId,
  content: Content,
  visibility: Visibility | undefined,
  answered: PostFacts | undefined,
) {
  const id = answered === undefined ? newId('post', shardOf(authorId)) : answerId(answered.id)
  return {
    id,
    authorId,
    text: content.text,
    tags: [...content.tags],
    mentions: [...content.mentions],
    replyTo: answered?.id ?? null,
    rootId: answered === undefined ? null : (answered.rootId ?? answered.id),
    answeredId: answered?.authorId ?? null,
    visibility: visibility ?? visibilityUnder(answered),
    likeCount: 0,
    replyCount: 0,
    repostCount: 0,
    createdAt: new Date(timeOf(id)).toISOString(),
    editedAt: null,
    version: 1,
  }
}

function visibilityUnder(answered: PostFacts | undefined): Visibility {
  return answered?.visibility === 'followers' ? 'followers' : 'public'
}

/** In the shard of what it answers, and above it, also where this machine's clock is behind: threads are read in the order of ids. */
function answerId(answered: PostId): PostId {
  const id = newId('post', shardOf(answered))
  return id > answered ? id : toId('post', newUuid(shardOf(answered), timeOf(answered) + 1))
}

function tooLong(text: string) {
  const detail = `must be text of 1 to ${maxTextLength.toLocaleString('en')} characters, not ${[...text].length.toLocaleString('en')}`
  return invalidInput(`text ${detail}.`, { errors: [{ pointer: '/text', detail }] })
}
