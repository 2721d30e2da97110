import type { PageOf, PostId } from '@plaza/kernel/contract'
import { mapPage, pagedList, sql, toUuid } from '@plaza/kernel/data'
import type { Handler, Kit } from '@plaza/kernel/service'
import type { Edit } from './contract.ts'
import type { PostReader } from './get-post.ts'

interface Input {
  readonly id: PostId
  readonly cursor?: string
  readonly limit?: number
}

const edits = pagedList('posts.edits', { version: 'int4' })

/** The earlier texts of a post, for whoever may see the post. */
export function listEdits({ db }: Kit, reader: PostReader): Handler<Input, PageOf<Edit>> {
  return async (input, context) => {
    await reader.get(input.id, context)
    const id = toUuid(input.id)
    const page = await edits.read(
      input,
      ({ towards, from, limit }) =>
        towards === 'next'
          ? olderEdits.all(db, { id, before: from?.version ?? 2 ** 31 - 1, limit })
          : newerEdits.all(db, { id, after: from?.version ?? 0, limit }),
      id,
    )
    return mapPage(page, ({ version, text, written_at }) => {
      return { version, text, writtenAt: written_at.toISOString() }
    })
  }
}

const row = { version: 'int4', text: 'text', written_at: 'timestamptz' } as const

const olderEdits = sql({
  name: 'posts.older-edits',
  params: { id: 'uuid', before: 'int4', limit: 'int4' },
  row,
})`
  select version, text, written_at
  from post_edits
  where post_id = ${'id'} and version < ${'before'}
  order by version desc
  limit ${'limit'}`

const newerEdits = sql({
  name: 'posts.newer-edits',
  params: { id: 'uuid', after: 'int4', limit: 'int4' },
  row,
})`
  select version, text, written_at
  from post_edits
  where post_id = ${'id'} and version > ${'after'}
  order by version
  limit ${'limit'}`
