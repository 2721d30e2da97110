import type { Context } from '@plaza/kernel/call'
import { invalidInput, type UserId } from '@plaza/kernel/contract'
import { keyRow, newId, replay, shardOf, timeOf } from '@plaza/kernel/data'
import type { Handler, Kit } from '@plaza/kernel/service'
import { users } from '@plaza/users/contract'
import type { Authors } from './authors.ts'
import type { Post, PostFacts } from './contract.ts'
import { type NewPost, postInserter } from './insert-posts.ts'
import type { Content } from './post-store.ts'
import { isShortEnough, maxTextLength, tagsIn, usernamesIn } from './post-text.ts'
import { postView } from './post-view.ts'
import type { Viewers } from './viewers.ts'

interface Input {
  readonly text: string
  readonly visibility?: PostFacts['visibility']
}

export function createPost(kit: Kit, authors: Authors, viewers: Viewers): Handler<Input, Post> {
  const insert = postInserter(kit.db, kit.metrics)
  const read = contentReader(kit)
  return async ({ text, visibility = 'public' }, context) => {
    const [content, asker] = await Promise.all([read(text, context), viewers.asker(context)])
    const authorId = asker!.id
    const author = await authors.get(authorId, asker, context)
    const facts = newFacts(authorId, content, visibility)
    const post = postView(facts, author, true)
    const written: NewPost = { ...facts, key: keyRow(kit.db, context, post) }
    const outcome = await insert(written)
    return outcome === 'written' ? post : replay<Post>(kit.db, context, outcome)
  }
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

function newFacts(authorId: UserId, content: Content, visibility: PostFacts['visibility']): PostFacts {
  const id = newId('post', shardOf(authorId))
  return {
    id,
    authorId,
    text: content.text,
    tags: [...content.tags],
    mentions: [...content.mentions],
    visibility,
    createdAt: new Date(timeOf(id)).toISOString(),
    editedAt: null,
    version: 1,
  }
}

function tooLong(text: string) {
  const detail = `must be text of 1 to ${maxTextLength.toLocaleString('en')} characters, not ${[...text].length.toLocaleString('en')}`
  return invalidInput(`text ${detail}.`, { errors: [{ pointer: '/text', detail }] })
}
