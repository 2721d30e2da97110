import { sql } from '@plaza/kernel/data'

const state = {
  live: 'int2',
  building: 'int2?',
  complete: 'bool',
  after_post: 'text?',
  after_person: 'text?',
  filled: 'int4',
} as const

export const findBuild = sql({ name: 'search.find-build', row: state })`
  select live, building, complete, after_post, after_person, filled
  from index_state`

/** Nobody writes to the index until the transaction ends. */
export const lockBuild = sql({ name: 'search.lock-build', row: state })`
  select live, building, complete, after_post, after_person, filled
  from index_state
  for update`

/** From now on events are written to both places. */
export const beginBuilding = sql({ name: 'search.begin-building' })`
  update index_state
  set building = 1 - live, after_post = null, after_person = null, filled = 0
  where building is null`

export const swap = sql({ name: 'search.swap', params: { slot: 'int2' } })`
  update index_state
  set live = ${'slot'}, building = null, complete = true
  where building = ${'slot'}`

const page = { after: 'text', count: 'int4' } as const

export const setAfterPost = sql({ name: 'search.set-after-post', params: page })`
  update index_state
  set after_post = ${'after'}, filled = filled + ${'count'}`

export const setAfterPerson = sql({ name: 'search.set-after-person', params: page })`
  update index_state
  set after_person = ${'after'}, filled = filled + ${'count'}`

/** About how many rows the live place has: what progress is measured by. */
export const liveRows = sql({ name: 'search.live-rows', row: { total: 'int4' } })`
  select coalesce(sum(greatest(reltuples, 0)), 0)::int4 as total
  from pg_class, index_state
  where oid in (to_regclass('documents_' || live), to_regclass('people_' || live))`

const step = { slot: 'int2', limit: 'int4' } as const

export const clearDocuments = sql({ name: 'search.clear-documents', params: step })`
  delete from documents
  where slot = ${'slot'} and id = any(array(
    select id
    from documents
    where slot = ${'slot'}
    order by id
    limit ${'limit'}
  ))`

export const clearPeople = sql({ name: 'search.clear-people', params: step })`
  delete from people
  where slot = ${'slot'} and id = any(array(
    select id
    from people
    where slot = ${'slot'}
    order by id
    limit ${'limit'}
  ))`

export const clearGone = sql({ name: 'search.clear-gone', params: { limit: 'int4' } })`
  delete from gone
  where id = any(array(
    select id
    from gone
    order by id
    limit ${'limit'}
  ))`
