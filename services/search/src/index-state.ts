import { type Db, sql, type Tx } from '@plaza/kernel/data'
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
