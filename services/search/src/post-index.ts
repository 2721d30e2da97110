import type { PostId, UserId } from '@plaza/kernel/contract'
import { sql, type Tx, timeOf, toUuid } from '@plaza/kernel/data'
import type { PostFacts } from '@plaza/posts/contract'
import type { Slot } from './index-state.ts'
import { canBe, type Language, languagesOf } from './language.ts'
import type { Stems } from './stems.ts'
import { indexedOf, tokensOf } from './tokens.ts'
import { authorLexeme, quoted, tagLexeme } from './ts-query.ts'

/** A post as the index holds it. */
export interface PostDocument {
  readonly id: PostId
  readonly authorId: UserId
  readonly version: number
  readonly isPublic: boolean
  readonly recency: number
  readonly popularity: number
  /** Those that it has words in. */
  readonly languages: readonly Language[]
  /** A `tsvector`. */
  readonly document: string
}

/** What there is to write of posts. Made before the transaction: stems that memory lacks are asked for. */
export async function postDocuments(facts: readonly PostFacts[], stems: Stems): Promise<PostDocument[]> {
  const read = facts.map(post => ({ post, words: wordsOf(post.text) }))
  const wanted = new Map<Language, Set<string>>()
  for (const { words } of read)
    for (const { language, placed } of words.stemmed) {
      const known = wanted.get(language) ?? new Set()
      wanted.set(language, known)
      for (const { word } of placed) known.add(word)
    }
  const found = await stems.ofAll(wanted)
  return read.map(({ post, words: { exact, stemmed } }) => {
    const lexemes = [authorLexeme(post.authorId), ...post.tags.map(tagLexeme)].map(quoted)
    for (const [lexeme, places] of exact) lexemes.push(`${quoted(lexeme)}:${shown(places, 'A')}`)
    for (const { language, placed } of stemmed) {
      const stemOf = found.get(language)!
      for (const { word, places } of placed) {
        const stem = stemOf.get(word)
        if (stem !== undefined) lexemes.push(`${quoted(stem)}:${shown(places, 'C')}`)
      }
    }
    return {
      id: post.id,
      authorId: post.authorId,
      version: post.version,
      isPublic: post.visibility === 'public',
      recency: recencyOf(timeOf(post.id)),
      popularity: popularityOf(post.likeCount + post.replyCount + 2 * post.repostCount),
      languages: stemmed.map(each => each.language),
      document: lexemes.join(' '),
    }
  })
}

/**
 * Writes posts into these places. What is there in the same or a later version stays as it is, so neither a late nor a repeated event brings an
 * old text back.
 */
export async function putPosts(
  tx: Tx,
  slots: readonly Slot[],
  documents: readonly PostDocument[],
): Promise<void> {
  if (documents.length === 0) return
  // In one order, so that transactions cannot wait for each other in a circle.
  const sorted = documents.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const languages = [...new Set(sorted.flatMap(each => each.languages))].toSorted()
  await addLanguages.run(tx, { languages })
  await upsert.run(tx, {
    slots,
    ids: sorted.map(each => toUuid(each.id)),
    authors: sorted.map(each => toUuid(each.authorId)),
    versions: sorted.map(each => each.version),
    arePublic: sorted.map(each => each.isPublic),
    recencies: sorted.map(each => each.recency),
    popularities: sorted.map(each => each.popularity),
    documents: sorted.map(each => each.document),
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

/** The words of a text with their places: as they are, and those that have stems in the languages it seems to be in. */
function wordsOf(text: string) {
  const exact = new Map<string, number[]>()
  const words = new Map<string, number[]>()
  for (const token of tokensOf(text)) {
    for (const { lexeme, at } of indexedOf(token)) push(exact, lexeme, at)
    if (token.kind === 'word') push(words, token.word, token.at)
  }
  const all = [...words].map(([word, places]) => ({ word, places }))
  const stemmed = languagesOf([...words.keys()]).map(language => ({
    language,
    placed: all.filter(({ word }) => canBe(language, word)),
  }))
  return { exact, stemmed: stemmed.filter(({ placed }) => placed.length > 0) }
}

const shown = (places: readonly number[], weight: 'A' | 'C') => `${places.join(`${weight},`)}${weight}`

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
    documents: 'text[]',
  },
})`
  insert into documents (slot, id, author_id, version, is_public, recency, popularity, document)
  select slot, id, author, version, is_public, recency, popularity, document::tsvector
  from unnest(
      ${'ids'}, ${'authors'}, ${'versions'}, ${'arePublic'}, ${'recencies'}, ${'popularities'}, ${'documents'}
    ) as posts (id, author, version, is_public, recency, popularity, document)
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
