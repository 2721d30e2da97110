import { batched, type Db, sql, type Tx } from '@plaza/kernel/data'
import type { Kit } from '@plaza/kernel/service'

/** A place of the index. */
export type Slot = 0 | 1

interface IndexState {
  readonly live: Slot
  /** The place that is being filled beside it. */
  readonly building: Slot | null
}

/** What a search must know of the index; at most a quarter of a second old. */
export interface IndexView {
  readonly live: Slot
  readonly languages: readonly string[]
}

/** The places to write to. Until the transaction ends, nobody fills a page or swaps them. */
export async function lockSlots(tx: Tx): Promise<{ slots: readonly Slot[]; isBuilding: boolean }> {
  const { live, building } = (await shareState.one(tx, {})) as IndexState
  return { slots: building === null ? [live] : [live, building], isBuilding: building !== null }
}

/** Remembers that these are gone, for the filling that may have read them before. */
export async function noteGone(tx: Tx, ids: readonly string[]): Promise<void> {
  await insertGone.run(tx, { ids })
}

/** Those of the ids that went while the place is being filled. */
export async function findGone(tx: Tx, ids: readonly string[]): Promise<Set<string>> {
  return new Set((await goneByIds.all(tx, { ids })).map(row => row.id))
}

export type ViewIndex = () => Promise<IndexView>

export function indexViewer({ db, cache }: Pick<Kit, 'db' | 'cache'>): ViewIndex {
  const kept = cache.of<IndexView>({ name: 'search.view', maxEntries: 1, freshFor: 250 })
  return () => kept.get('', () => readView(db))
}

async function readView(db: Db): Promise<IndexView> {
  const { live, languages } = await view.one(db, {})
  return { live: live as Slot, languages: languages as string[] }
}

/** The stems of words as the index holds them, in the languages that posts are in; kept in memory, for they never change. */
export function stemFinder({ db, cache, metrics }: Pick<Kit, 'db' | 'cache' | 'metrics'>) {
  const kept = cache.of<string>({ name: 'search.stems', maxEntries: 50_000, freshFor: 3_600_000 })
  const find = batched({
    name: 'search.stems',
    // A key is the language, its dictionary and the word.
    load: async (keys: readonly string[]) => {
      const parts = keys.map(key => key.split(' ') as [string, string, string])
      const rows = await stems.all(db, {
        dictionaries: parts.map(([, dictionary]) => dictionary),
        words: parts.map(([, , word]) => word),
      })
      return new Map(rows.map(({ stem }, i) => [keys[i]!, stem === null ? '' : `${parts[i]![0]}:${stem}`]))
    },
    metrics,
  })
  return async (language: string, dictionary: string, word: string): Promise<string | undefined> => {
    const key = `${language} ${dictionary} ${word}`
    const stem = kept.peek(key) ?? (await kept.get(key, async () => (await find(key)) ?? ''))
    return stem === '' ? undefined : stem
  }
}

const shareState = sql({ name: 'search.share-state', row: { live: 'int2', building: 'int2?' } })`
  select live, building
  from index_state
  for share`

const insertGone = sql({ name: 'search.insert-gone', params: { ids: 'uuid[]' } })`
  insert into gone (id)
  select distinct id
  from unnest(${'ids'}) id
  on conflict do nothing`

const goneByIds = sql({ name: 'search.gone-by-ids', params: { ids: 'uuid[]' }, row: { id: 'uuid' } })`
  select id
  from gone
  where id = any(${'ids'})`

const view = sql({ name: 'search.view', row: { live: 'int2', languages: 'text[]' } })`
  select live, array(select language from languages order by language) as languages
  from index_state`

const stems = sql({
  name: 'search.stems',
  params: { dictionaries: 'text[]', words: 'text[]' },
  row: { stem: 'text?' },
})`
  select (ts_lexize(dictionary::regdictionary, word))[1] as stem
  from unnest(${'dictionaries'}, ${'words'}) with ordinality as each (dictionary, word, n)
  order by n`
