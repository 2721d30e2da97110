import type { UserId } from '@plaza/kernel/contract'
import { sql, type Tx, timeOf, toUuid } from '@plaza/kernel/data'
import type { PostFacts } from '@plaza/posts/contract'
import type { Slot } from './index-state.ts'
import { canBe, dictionaries, languagesOf } from './language.ts'
import { indexedOf, tokensOf } from './tokens.ts'
import { authorLexeme, quoted, tagLexeme } from './ts-query.ts'

/**
 * Writes posts into these places. What is there in the same or a later version stays as it is, so neither a late nor a repeated event brings an
 * old text back.
 */
export async function putPosts(tx: Tx, slots: readonly Slot[], facts: readonly PostFacts[]): Promise<void> {
  if (facts.length === 0) return
  // In one order, so that transactions cannot wait for each other in a circle.
  const entries = facts.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map(entryOf)
  const stems = entries.flatMap(({ stems }, i) => stems.map(stem => ({ ...stem, n: i + 1 })))
  const languages = [...new Set(stems.map(each => each.language))].toSorted()
  await addLanguages.run(tx, { languages })
  await upsert.run(tx, {
    slots,
    ids: entries.map(each => each.id),
    authors: entries.map(each => each.author),
    versions: entries.map(each => each.version),
    arePublic: entries.map(each => each.isPublic),
    recencies: entries.map(each => each.recency),
    popularities: entries.map(each => each.popularity),
    words: entries.map(each => each.words),
    stemNumbers: stems.map(each => each.n),
    stemLanguages: stems.map(each => each.language),
    stemDictionaries: stems.map(each => dictionaries[each.language]),
    stemWords: stems.map(each => each.word),
    stemPlaces: stems.map(each => each.places),
  })
}

/** Takes posts out of every place. */
export async function dropPosts(tx: Tx, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await remove.run(tx, { ids: ids.map(toUuid).toSorted() })
}

/** Takes some posts of a person out of every place; returns which. */
export async function dropPostsOf(tx: Tx, author: UserId, limit: number): Promise<string[]> {
  return (await removeOfAuthor.all(tx, { author: toUuid(author), limit })).map(row => row.id)
}

/** Sets what likes, answers and reposts are worth; most often they are worth what they were. */
export async function setPopularity(
  tx: Tx,
  counts: readonly { postId: string; likes: number; replies: number; reposts: number }[],
): Promise<void> {
  const sorted = counts.toSorted((a, b) => (a.postId < b.postId ? -1 : 1))
  await updatePopularity.run(tx, {
    ids: sorted.map(each => toUuid(each.postId)),
    popularities: sorted.map(({ likes, replies, reposts }) => popularityOf(likes + replies + 2 * reposts)),
  })
}

/** Points on the scale of the score, in steps of a doubling: a like moves a post seldom, and no page twice. */
function popularityOf(weight: number): number {
  return 250 * Math.min(20, Math.floor(Math.log2(1 + weight)))
}

/** Points for being new: a post is worth a thousand more than one written six weeks before it. */
function recencyOf(time: number): number {
  return Math.round((1_000 * (time - plazaTime)) / sixWeeks)
}

const sixWeeks = 42 * 86_400_000
const plazaTime = Date.UTC(2020, 0)

function entryOf(post: PostFacts) {
  const tokens = tokensOf(post.text)
  const places = new Map<string, number[]>()
  for (const { lexeme, at } of tokens.flatMap(indexedOf)) push(places, lexeme, at)
  const words = [...places].map(([lexeme, all]) => `${quoted(lexeme)}:${all.map(at => `${at}A`).join(',')}`)
  const labels = [authorLexeme(post.authorId), ...post.tags.map(tagLexeme)].map(quoted)
  return {
    id: toUuid(post.id),
    author: toUuid(post.authorId),
    version: post.version,
    isPublic: post.visibility === 'public',
    recency: recencyOf(timeOf(post.id)),
    popularity: popularityOf(post.likeCount + post.replyCount + 2 * post.repostCount),
    words: [...labels, ...words].join(' '),
    stems: stemsOf(tokens),
  }
}

function stemsOf(tokens: ReturnType<typeof tokensOf>) {
  const places = new Map<string, number[]>()
  for (const token of tokens) if (token.kind === 'word') push(places, token.word, token.at)
  return languagesOf([...places.keys()]).flatMap(language =>
    [...places]
      .filter(([word]) => canBe(language, word))
      .map(([word, all]) => ({ language, word, places: all.map(at => `${at}C`).join(',') })),
  )
}

// PostgreSQL keeps 255 places of a word.
function push(places: Map<string, number[]>, key: string, at: number): void {
  const known = places.get(key)
  if (known === undefined) places.set(key, [at])
  else if (known.length < 255) known.push(at)
}

const addLanguages = sql({ name: 'search.add-languages', params: { languages: 'text[]' } })`
  insert into languages (language)
  select language
  from unnest(${'languages'}) language
  where language <> all(array(select known.language from languages known))
  on conflict do nothing`

const upsert = sql({
  name: 'search.put-posts',
  params: {
    slots: 'int2[]',
    ids: 'uuid[]',
    authors: 'uuid[]',
    versions: 'int4[]',
    arePublic: 'bool[]',
    recencies: 'int4[]',
    popularities: 'int4[]',
    words: 'text[]',
    stemNumbers: 'int8[]',
    stemLanguages: 'text[]',
    stemDictionaries: 'text[]',
    stemWords: 'text[]',
    stemPlaces: 'text[]',
  },
})`
  with stems as (
    select n, string_agg(quote_literal(language || ':' || stem) || ':' || places, ' ') as words
    from unnest(${'stemNumbers'}, ${'stemLanguages'}, ${'stemDictionaries'}, ${'stemWords'}, ${'stemPlaces'})
        as each (n, language, dictionary, word, places)
      cross join lateral unnest(ts_lexize(dictionary::regdictionary, word)) as stem
    group by n
  )
  insert into documents (slot, id, author_id, version, is_public, recency, popularity, document)
  select slot, id, author, version, is_public, recency, popularity,
    (posts.words || ' ' || coalesce(stems.words, ''))::tsvector
  from unnest(
      ${'ids'}, ${'authors'}, ${'versions'}, ${'arePublic'}, ${'recencies'}, ${'popularities'}, ${'words'}
    ) with ordinality as posts (id, author, version, is_public, recency, popularity, words, n)
    left join stems using (n)
    cross join unnest(${'slots'}) as slot
  order by id, slot
  on conflict (slot, id) do update
  set author_id = excluded.author_id, version = excluded.version, is_public = excluded.is_public,
    popularity = excluded.popularity, document = excluded.document
  where excluded.version > documents.version`

const remove = sql({ name: 'search.drop-posts', params: { ids: 'uuid[]' } })`
  delete from documents
  where slot in (0, 1) and id = any(${'ids'})`

const removeOfAuthor = sql({
  name: 'search.drop-posts-of',
  params: { author: 'uuid', limit: 'int4' },
  row: { id: 'uuid' },
})`
  delete from documents
  where (slot, id) in (
    select slot, id
    from documents
    where author_id = ${'author'} and slot in (0, 1)
    limit ${'limit'}
  )
  returning id`

const updatePopularity = sql({
  name: 'search.set-popularity',
  params: { ids: 'uuid[]', popularities: 'int4[]' },
})`
  update documents
  set popularity = counted.popularity
  from unnest(${'ids'}, ${'popularities'}) as counted (id, popularity)
  where slot in (0, 1) and documents.id = counted.id and documents.popularity <> counted.popularity`
