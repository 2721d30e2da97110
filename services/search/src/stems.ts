import { batched, sql } from '@plaza/kernel/data'
import type { Kit } from '@plaza/kernel/service'
import { dictionaries, type Language } from './language.ts'

/** Stems as the index holds them (`de:lauf`) by language and word; a word that says nothing (`the`) has none. */
type StemsOfWords = ReadonlyMap<Language, ReadonlyMap<string, string>>

/** The stems of words in the languages that posts are in. */
export interface Stems {
  /** One word of a search, asked for together with those of other searches. */
  of(language: Language, word: string): Promise<string | undefined>
  /** All words of many posts: one query at most. */
  ofAll(words: ReadonlyMap<Language, ReadonlySet<string>>): Promise<StemsOfWords>
}

/** Kept in memory, for stems never change: most words of a post were in another one before. */
export function stemFinder({ db, cache, metrics }: Pick<Kit, 'db' | 'cache' | 'metrics'>): Stems {
  const kept = cache.of<string>({ name: 'search.stems', maxEntries: 50_000, freshFor: 3_600_000 })
  const load = async (keys: readonly string[]) => {
    const parts = keys.map(key => key.split(' ') as [Language, string])
    const rows = await stems.all(db, {
      dictionaries: parts.map(([language]) => dictionaries[language]),
      words: parts.map(([, word]) => word),
    })
    return new Map(rows.map(({ stem }, i) => [keys[i]!, stem === null ? none : `${parts[i]![0]}:${stem}`]))
  }
  const find = batched({ name: 'search.stems', load, metrics })
  return {
    of: async (language, word) => {
      const key = keyOf(language, word)
      const stem = kept.peek(key) ?? (await kept.get(key, async () => (await find(key)) ?? none))
      return stem === none ? undefined : stem
    },
    ofAll: async words => {
      const pairs = [...words].flatMap(([language, some]) => [...some].map(word => ({ language, word })))
      const found = await kept.getMany(
        pairs.map(({ language, word }) => keyOf(language, word)),
        load,
      )
      const byLanguage = new Map([...words.keys()].map(language => [language, new Map<string, string>()]))
      for (const [i, { language, word }] of pairs.entries())
        if (found[i] !== none) byLanguage.get(language)!.set(word, found[i]!)
      return byLanguage
    },
  }
}

/** What is kept of a word without a stem. */
const none = ''

// Words hold no space.
const keyOf = (language: Language, word: string) => `${language} ${word}`

const stems = sql({
  name: 'search.stems',
  params: { dictionaries: 'text[]', words: 'text[]' },
  row: { stem: 'text?' },
})`
  select (ts_lexize(dictionary::regdictionary, word))[1] as stem
  from unnest(${'dictionaries'}, ${'words'}) with ordinality as each (dictionary, word, n)
  order by n`
