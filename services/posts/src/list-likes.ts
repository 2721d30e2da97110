import type { Context } from '@plaza/kernel/call'
import type { PageOf, PostId, UserId } from '@plaza/kernel/contract'
import { mapPage, pagedList, sql, toId, toUuid } from '@plaza/kernel/data'
import type { Handler, Kit } from '@plaza/kernel/service'
import { type Card, users } from '@plaza/users/contract'
import type { Author } from './contract.ts'
import type { PostReader } from './get-post.ts'
import type { Viewer } from './viewers.ts'

interface Input {
  readonly id: PostId
  readonly cursor?: string
  readonly limit?: number
}

/** Whose likes are shown to nobody. */
interface Hidden {
  has(person: UserId): boolean
}

const likers = pagedList('posts.likers', { id: 'uuid' })
/** Rows read at most for one page; where so many in a row are not for these eyes, the page is not full. */
const maxRead = 1_000

/** Who likes a post, for whoever may see it: without those blocked either way, and those who are suspended. */
export function listLikes(
  { db, call }: Kit,
  reader: PostReader,
  suspended: Hidden,
): Handler<Input, PageOf<Author>> {
  return async (input, context) => {
    const { viewer } = await reader.get(input.id, context)
    const post = toUuid(input.id)
    const cards = new Map<string, Card>()
    const page = await likers.read(
      input,
      async ({ towards, from, limit }) => {
        const shown: Row[] = []
        let last = from?.id ?? (towards === 'next' ? lastOfAll : firstOfAll)
        for (let read = 0; shown.length < limit && read < maxRead; ) {
          const rows =
            towards === 'next'
              ? await olderLikers.all(db, { post, before: last, limit })
              : await newerLikers.all(db, { post, after: last, limit })
          const seen = rows.filter(({ user_id }) => isFor(viewer, suspended, toId('user', user_id)))
          for (const [uuid, card] of await cardsOf(call, seen, context)) cards.set(uuid, card)
          shown.push(...seen.filter(row => cards.has(row.user_id)))
          if (rows.length < limit) break
          last = rows.at(-1)!.id
          read += rows.length
        }
        return shown.slice(0, limit)
      },
      input.id,
    )
    return mapPage(page, ({ user_id }) => {
      const { id, username, displayName, avatarUrl } = cards.get(user_id)!
      return { id, username, displayName, avatarUrl }
    })
  }
}

function isFor(viewer: Viewer | undefined, suspended: Hidden, person: UserId): boolean {
  return !suspended.has(person) && !viewer?.blocked.has(person)
}

async function cardsOf(call: Kit['call'], rows: readonly Row[], context: Context): Promise<[string, Card][]> {
  if (rows.length === 0) return []
  const ids = rows.map(row => toId('user', row.user_id))
  return (await call(users).cards({ ids }, context)).map(card => [toUuid(card.id), card])
}

interface Row {
  readonly id: string
  readonly user_id: string
}
const row = { id: 'uuid', user_id: 'uuid' } as const
const firstOfAll = '00000000-0000-0000-0000-000000000000'
const lastOfAll = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

const olderLikers = sql({
  name: 'posts.older-likers',
  params: { post: 'uuid', before: 'uuid', limit: 'int4' },
  row,
})`
  select id, user_id
  from likes
  where post_id = ${'post'} and id < ${'before'}
  order by post_id desc, id desc
  limit ${'limit'}`

const newerLikers = sql({
  name: 'posts.newer-likers',
  params: { post: 'uuid', after: 'uuid', limit: 'int4' },
  row,
})`
  select id, user_id
  from likes
  where post_id = ${'post'} and id > ${'after'}
  order by post_id, id
  limit ${'limit'}`
