import type { Context } from '@plaza/kernel/call'
import type { PageOf } from '@plaza/kernel/contract'
import { type Db, mapPage, pagedList, type Slice, sql, toId, type Uuid } from '@plaza/kernel/data'
import type { Kit } from '@plaza/kernel/service'
import { type Profile, users } from '@plaza/users/contract'
import type { Slot, ViewIndex } from './index-state.ts'
import { misspeltOf, plain, scoreOf } from './name-match.ts'
import { parseQuery } from './parse-query.ts'
import type { SearchInput } from './search-posts.ts'
import { peopleQuery } from './ts-query.ts'

type SearchPeople = (input: SearchInput, context: Context) => Promise<PageOf<Profile>>

const keys = { score: 'int4', id: 'uuid' } as const
const pages = pagedList('search.people', keys)

interface Found {
  readonly score: number
  readonly id: Uuid
}

interface Row extends Found {
  readonly profile: Profile
}

/** People at most that are ranked, the best known first (and whoever has just that username). A list is never longer. */
const maxRanked = 200
/** People who tell how common the beginnings are. */
const probed = 300
/** Of these: what more of them have is looked for among the best known first, what fewer have in the index of names. */
const commonFrom = 15
/** People at most whose name differs by a slip. */
const maxMisspelt = 50
/** Who finds so many meant what they typed. */
const enough = 10

/** People by their names: the beginnings of all words that were typed, and names that differ from it by one slip. */
export function searchPeople({ db, call }: Pick<Kit, 'db' | 'call'>, viewIndex: ViewIndex): SearchPeople {
  return async (input, context) => {
    const { live } = await viewIndex()
    const read = async ({ towards, from, limit }: Slice<typeof keys>): Promise<Row[]> => {
      const ranked = await rank(db, live, input.q)
      const ordered = towards === 'next' ? ranked : ranked.toReversed()
      const isBeyond = towards === 'next' ? isAfter : isBefore
      const rows: Row[] = []
      const beyond = from === undefined ? ordered : ordered.filter(each => isBeyond(each, from))
      for (let i = 0; i < beyond.length && rows.length < limit; i += limit) {
        const part = new Map(beyond.slice(i, i + limit).map(each => [toId('user', each.id), each]))
        const seen = await call(users).seenProfiles({ ids: [...part.keys()] }, context)
        rows.push(...seen.map(profile => ({ ...part.get(profile.id)!, profile })))
      }
      return rows.slice(0, limit)
    }
    return mapPage(await pages.read(input, read, input.q), row => row.profile)
  }
}

const isAfter = (a: Found, b: Found) => a.score < b.score || (a.score === b.score && a.id < b.id)
const isBefore = (a: Found, b: Found) => isAfter(b, a)

async function rank(db: Db, slot: Slot, q: string): Promise<Found[]> {
  const branches = parseQuery(q)
  const query = peopleQuery(branches)
  if (query === undefined) return []
  const { matches } = await sample.one(db, { slot, query, rows: probed })
  const statement = matches >= commonFrom ? byWalking : byNames
  const named = await statement.all(db, { slot, query, username: plain(q), limit: maxRanked })
  const misspelt =
    named.length >= enough || hasSigns(q)
      ? []
      : await byMisspelt.all(db, {
          slot,
          slips: misspeltOf([q]),
          looked: 10 * maxMisspelt,
          limit: maxMisspelt,
        })
  const found = new Map([...named, ...misspelt].map(row => [row.id, row]))
  return [...found.values()]
    .map(({ id, username, display_name, popularity }) => ({
      id,
      score: scoreOf(q, { username, displayName: display_name, popularity }),
    }))
    .sort((a, b) => (isAfter(a, b) ? 1 : -1))
}

/** Whoever writes signs means them, and no name that is alike. */
const hasSigns = (q: string) => /["-]|\bor\b/i.test(q)

const params = { slot: 'int2', query: 'text', username: 'text', limit: 'int4' } as const
const row = { id: 'uuid', username: 'text', display_name: 'text', popularity: 'int4' } as const

const sample = sql({
  name: 'search.probe-people',
  params: { slot: 'int2', query: 'text', rows: 'int4' },
  row: { matches: 'int8' },
})`
  select count(*) filter (where names @@ ${'query'}::tsquery) as matches
  from (
    select names
    from people
    where slot = ${'slot'}
    order by popularity desc, id desc
    limit ${'rows'}
  ) known`

const byNames = sql({ name: 'search.people-by-names', params, row })`
  with matches as materialized (
    select id, username, display_name, popularity
    from people
    where slot = ${'slot'} and names @@ ${'query'}::tsquery
  )
  (
    select id, username, display_name, popularity
    from matches
    order by popularity desc, id desc
    limit ${'limit'}
  )
  union
  select id, username, display_name, popularity
  from people
  where slot = ${'slot'} and username = ${'username'}`

// What is inside `coalesce` keeps away from the index of names, which gives them in no order.
const byWalking = sql({ name: 'search.people-by-walking', params, row })`
  (
    select id, username, display_name, popularity
    from people
    where slot = ${'slot'} and coalesce(names @@ ${'query'}::tsquery, false)
    order by popularity desc, id desc
    limit ${'limit'}
  )
  union
  select id, username, display_name, popularity
  from people
  where slot = ${'slot'} and username = ${'username'}`

// A name may be part of everybody's: then any of them do.
const byMisspelt = sql({
  name: 'search.people-by-slips',
  params: { slot: 'int2', slips: 'text[]', looked: 'int4', limit: 'int4' },
  row,
})`
  with matches as materialized (
    select id, username, display_name, popularity
    from people
    where slot = ${'slot'} and misspelt && ${'slips'}
    limit ${'looked'}
  )
  select id, username, display_name, popularity
  from matches
  order by popularity desc, id desc
  limit ${'limit'}`
