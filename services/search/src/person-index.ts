import { sql, type Tx, toUuid } from '@plaza/kernel/data'
import type { PersonFacts } from '@plaza/users/contract'
import type { Slot } from './index-state.ts'
import { misspeltOf, nameOf, plain, popularityOf, wordsOf } from './name-match.ts'
import { indexedOf, tokensOf } from './tokens.ts'
import { quoted } from './ts-query.ts'

/** Writes people into these places, unless a later version of them is there. */
export async function putPeople(
  tx: Tx,
  slots: readonly Slot[],
  facts: readonly PersonFacts[],
): Promise<void> {
  if (facts.length === 0) return
  const people = facts.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  await upsert.run(tx, {
    slots,
    ids: people.map(({ id }) => toUuid(id)),
    versions: people.map(({ version }) => version),
    usernames: people.map(({ username }) => username),
    displayNames: people.map(({ displayName }) => nameOf(displayName)),
    popularities: people.map(({ followerCount }) => popularityOf(followerCount)),
    names: people.map(namesOf),
    misspelt: people.map(({ username, displayName }) => misspeltOf([username, displayName]).join(' ')),
  })
}

/** Takes people out of every place. */
export async function dropPeople(tx: Tx, ids: readonly string[]): Promise<number> {
  return ids.length === 0 ? 0 : remove.run(tx, { ids: ids.map(toUuid).toSorted() })
}

/** How well known people are who are there; most often as they were. */
export async function setFollowers(tx: Tx, facts: readonly PersonFacts[]): Promise<void> {
  const people = facts.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  await updatePopularity.run(tx, {
    ids: people.map(({ id }) => toUuid(id)),
    popularities: people.map(({ followerCount }) => popularityOf(followerCount)),
  })
}

function namesOf({ username, displayName, bio }: PersonFacts): string {
  const own = new Map<string, number[]>()
  const add = (lexeme: string, at: number) => own.set(lexeme, [...(own.get(lexeme) ?? []), at].slice(0, 50))
  let start = 0
  // A gap between the parts, so that no phrase reaches from one into the other.
  for (const text of [displayName, bio]) {
    const tokens = tokensOf(text)
    for (const { lexeme, at } of tokens.flatMap(indexedOf)) add(lexeme, start + at)
    start += 2_000
  }
  const names = [username, `@${username}`, plain(displayName), ...wordsOf(username), ...wordsOf(displayName)]
  return [
    ...[...own].map(([lexeme, places]) => `${quoted(lexeme)}:${places.join(',')}`),
    ...names.filter(name => name !== '' && !own.has(name)).map(quoted),
  ].join(' ')
}

const upsert = sql({
  name: 'search.put-people',
  params: {
    slots: 'int2[]',
    ids: 'uuid[]',
    versions: 'int4[]',
    usernames: 'text[]',
    displayNames: 'text[]',
    popularities: 'int4[]',
    names: 'text[]',
    misspelt: 'text[]',
  },
})`
  insert into people (slot, id, version, username, display_name, popularity, names, misspelt)
  select slot, id, version, username, display_name, popularity, names::tsvector, string_to_array(misspelt, ' ')
  from unnest(
      ${'ids'}, ${'versions'}, ${'usernames'}, ${'displayNames'}, ${'popularities'}, ${'names'}, ${'misspelt'}
    ) as each (id, version, username, display_name, popularity, names, misspelt)
    cross join unnest(${'slots'}) as slot
  order by id, slot
  on conflict (slot, id) do update
  set version = excluded.version, username = excluded.username, display_name = excluded.display_name,
    popularity = excluded.popularity, names = excluded.names, misspelt = excluded.misspelt
  where excluded.version > people.version`

const remove = sql({ name: 'search.drop-people', params: { ids: 'uuid[]' } })`
  delete from people
  where slot in (0, 1) and id = any(${'ids'})`

const updatePopularity = sql({
  name: 'search.set-followers',
  params: { ids: 'uuid[]', popularities: 'int4[]' },
})`
  update people
  set popularity = known.popularity
  from unnest(${'ids'}, ${'popularities'}) as known (id, popularity)
  where slot in (0, 1) and people.id = known.id and people.popularity <> known.popularity`
