import { type Db, sql, type Uuid } from '@plaza/kernel/data'
import type { Slot } from './index-state.ts'

/** A match, and where it stands: the highest score first, then the highest id. */
export interface Found {
  readonly score: number
  readonly id: Uuid
}

export interface PostSearch {
  readonly slot: Slot
  /** A `tsquery`. */
  readonly query: string
  /** Whether words that stand close to each other count: there are several. */
  readonly byCloseness: boolean
  readonly publicOnly: boolean
  /** Posts up to this id: what is written later does not move what was read. */
  readonly top: Uuid
}

/**
 * How many matches are ranked, the newest ones: a list is never longer. So a word that stands in every post costs no more than one that stands
 * in five hundred.
 */
const maxRanked = 500

/** Posts that tell how common the words are. */
const probed = 1_000
/**
 * Of these. Words that more of them have are looked for from the newest post down, half a microsecond each, rarer ones in the index of words, some three
 * microseconds a match: of 100,000 posts either costs 10 ms at most.
 */
const commonFrom = 30

/** The newest post there is up to `top`, and whether the words are so common that walking finds enough of them soon. */
export async function probe(
  db: Db,
  { slot, query, top }: Pick<PostSearch, 'slot' | 'query' | 'top'>,
): Promise<{ readonly newest: Uuid | undefined; readonly isCommon: boolean }> {
  const { newest, matches } = await sample.one(db, { slot, query, top, rows: probed })
  return { newest: newest ?? undefined, isCommon: matches >= commonFrom }
}

/** The matches beyond `from` in their order, the first ones: highest score first, then highest id. */
export async function findPosts(
  db: Db,
  search: PostSearch,
  isCommon: boolean,
  from: Found = first,
  limit = maxRanked,
): Promise<Found[]> {
  const { slot, query, byCloseness, publicOnly, top } = search
  const { score, id } = from
  const statement = isCommon ? byWalking : byWords
  return statement.all(db, {
    slot,
    query,
    byCloseness,
    publicOnly,
    top,
    ranked: maxRanked,
    score,
    id,
    limit,
  })
}

const first: Found = { score: 2 ** 31 - 1, id: '00000000-0000-0000-0000-000000000000' }

const sample = sql({
  name: 'search.probe',
  params: { slot: 'int2', query: 'text', top: 'uuid', rows: 'int4' },
  row: { newest: 'uuid?', matches: 'int8' },
})`
  select
    (select id from documents where slot = ${'slot'} and id <= ${'top'} order by id desc limit 1) as newest,
    count(*) filter (where document @@ ${'query'}::tsquery) as matches
  from (
    select document
    from documents
    where slot = ${'slot'} and id <= ${'top'}
    order by id desc
    limit ${'rows'}
  ) newest`

const params = {
  slot: 'int2',
  query: 'text',
  byCloseness: 'bool',
  publicOnly: 'bool',
  top: 'uuid',
  ranked: 'int4',
  score: 'int4',
  id: 'uuid',
  limit: 'int4',
} as const
const row = { score: 'int4', id: 'uuid' } as const

// Exact words weigh 1, other forms 0.4, words without a place (tags, authors) 0.1. `ts_rank_cd` takes six times as long as `ts_rank`.
// `top` is not asked of `matches`: a plan for any parameters would read the index of all ids for it.
const byWords = sql({ name: 'search.posts-by-words', params, row })`
  with matches as materialized (
    select id
    from documents
    where slot = ${'slot'} and document @@ ${'query'}::tsquery and (is_public or not ${'publicOnly'})
  ), newest as (
    select id
    from matches
    where id <= ${'top'}
    order by id desc
    limit ${'ranked'}
  ), scored as (
    select documents.id, recency + popularity + (1000 * ln(0.001 + case
      when ${'byCloseness'} then ts_rank_cd('{0.1, 0.4, 0.4, 1}', document, ${'query'}::tsquery)
      else ts_rank('{0.1, 0.4, 0.4, 1}', document, ${'query'}::tsquery)
    end))::int4 as score
    from newest
    join documents on documents.slot = ${'slot'} and documents.id = newest.id
  )
  select score, id
  from scored
  where (score, id) < (${'score'}, ${'id'})
  order by score desc, id desc
  limit ${'limit'}`

// What is inside `coalesce` keeps away from the index of words, which gives them in no order.
const byWalking = sql({ name: 'search.posts-by-walking', params, row })`
  with newest as (
    select id, recency + popularity as points, document
    from documents
    where slot = ${'slot'} and coalesce(document @@ ${'query'}::tsquery, false) and id <= ${'top'}
      and (is_public or not ${'publicOnly'})
    order by id desc
    limit ${'ranked'}
  ), scored as (
    select id, points + (1000 * ln(0.001 + case
      when ${'byCloseness'} then ts_rank_cd('{0.1, 0.4, 0.4, 1}', document, ${'query'}::tsquery)
      else ts_rank('{0.1, 0.4, 0.4, 1}', document, ${'query'}::tsquery)
    end))::int4 as score
    from newest
  )
  select score, id
  from scored
  where (score, id) < (${'score'}, ${'id'})
  order by score desc, id desc
  limit ${'limit'}`
