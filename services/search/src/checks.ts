import type { Context } from '@plaza/kernel/call'
import type { PostId, UserId } from '@plaza/kernel/contract'
import { sql, toId, toUuid } from '@plaza/kernel/data'
import type { Check, Kit, Looked } from '@plaza/kernel/service'
import { posts } from '@plaza/posts/contract'
import { users } from '@plaza/users/contract'

const pageSize = 500

interface Versioned<I extends string> {
  readonly id: I
  readonly version: number
}

/** What the index promises: it holds what there is, as it is, and nothing else. */
export function checksOf({ db, call }: Pick<Kit, 'db' | 'call'>): Readonly<Record<string, Check>> {
  return {
    documents: {
      promise: 'every post can be found by its present text, and nothing else is in the index',
      look: compare<PostId>(
        async (after, context) =>
          call(posts).pageAll({ limit: pageSize, ...(after !== undefined && { after }) }, context),
        async after => {
          const rows = await documentsAfter.all(db, { after: uuidOf(after), limit: pageSize })
          return rows.map(({ id, version }) => ({ id: toId('post', id), version }))
        },
      ),
    },
    people: {
      promise: 'every person can be found by their present name, and nobody else is in the index',
      look: compare<UserId>(
        async (after, context) =>
          call(users).pageAll({ limit: pageSize, ...(after !== undefined && { after }) }, context),
        async after => {
          const rows = await peopleAfter.all(db, { after: uuidOf(after), limit: pageSize })
          return rows.map(({ id, version }) => ({ id: toId('user', id), version }))
        },
      ),
    },
  }
}

/** Reads both sides up to the same id, and tells where they differ. */
function compare<I extends string>(
  truth: (after: I | undefined, context: Context) => Promise<readonly Versioned<I>[]>,
  index: (after: I | undefined) => Promise<readonly Versioned<I>[]>,
): Check['look'] {
  return async (given, context): Promise<Looked> => {
    const after = given as I | undefined
    const [wanted, held] = await Promise.all([truth(after, context), index(after)])
    // A side that is full may have more beyond its last one: the other is compared no further.
    const ends = [wanted, held].flatMap(side => (side.length === pageSize ? side.at(-1)!.id : [])).sort()
    const end = ends[0]
    const within = (side: readonly Versioned<I>[]) =>
      new Map(side.filter(({ id }) => end === undefined || id <= end).map(each => [each.id, each.version]))
    const [theirs, ours] = [within(wanted), within(held)]
    const ids = [...new Set([...theirs.keys(), ...ours.keys()])].sort()
    const breaches = ids.flatMap(id => {
      const [their, our] = [theirs.get(id), ours.get(id)]
      if (their === our) return []
      const detail =
        our === undefined
          ? 'is not in the index'
          : their === undefined
            ? 'is in the index and is no more'
            : `is in the index in version ${our} and has version ${their}`
      return [{ id, detail }]
    })
    return { checked: ids.length, breaches, next: end ?? null }
  }
}

const uuidOf = (id: string | undefined) =>
  id === undefined ? '00000000-0000-0000-0000-000000000000' : toUuid(id)

const params = { after: 'uuid', limit: 'int4' } as const
const row = { id: 'uuid', version: 'int4' } as const

const documentsAfter = sql({ name: 'search.documents-after', params, row })`
  select id, version
  from documents
  where slot = (select live from index_state) and id > ${'after'}
  order by id
  limit ${'limit'}`

const peopleAfter = sql({ name: 'search.people-after', params, row })`
  select id, version
  from people
  where slot = (select live from index_state) and id > ${'after'}
  order by id
  limit ${'limit'}`
