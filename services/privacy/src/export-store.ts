import { sql } from '@plaza/kernel/data'

export const insertExport = sql({
  name: 'privacy.insert-export',
  params: { id: 'uuid', personId: 'uuid' },
})`
  insert into exports (id, person_id)
  values (${'id'}, ${'personId'})
  on conflict do nothing`

export const findExport = sql({
  name: 'privacy.find-export',
  params: { id: 'uuid' },
  row: {
    step: 'int4',
    finished_services: 'text[]',
    next_after: 'text?',
    chunks: 'int4',
    bytes: 'int8',
    records: 'jsonb',
  },
})`
  select step, finished_services, next_after, chunks, bytes, records
  from exports
  where id = ${'id'}`

/** Moves the cursor if it still stands where the part was asked from; no row: another run has been here, or the person is gone. */
export const moveExport = sql({
  name: 'privacy.move-export',
  params: {
    id: 'uuid',
    step: 'int4',
    finishedServices: 'text[]',
    nextAfter: 'text?',
    chunks: 'int4',
    bytes: 'int8',
    records: 'text',
  },
  row: { id: 'uuid' },
})`
  update exports
  set step = step + 1,
    finished_services = ${'finishedServices'},
    next_after = ${'nextAfter'},
    chunks = ${'chunks'},
    bytes = ${'bytes'},
    records = ${'records'}::jsonb
  where id = ${'id'} and step = ${'step'}
  returning id`

export const insertChunk = sql({
  name: 'privacy.insert-chunk',
  params: { exportId: 'uuid', number: 'int4', bytes: 'bytea' },
})`
  insert into export_chunks (export_id, number, bytes)
  values (${'exportId'}, ${'number'}, ${'bytes'})`

/** Gives the archive its link, good for so many hours. */
export const setReady = sql({
  name: 'privacy.set-export-ready',
  params: { id: 'uuid', tokenHash: 'bytea', hours: 'int4' },
  row: { bytes: 'int8', records: 'jsonb', expires_at: 'timestamptz' },
})`
  update exports
  set token_hash = ${'tokenHash'}, expires_at = now() + make_interval(hours => ${'hours'})
  where id = ${'id'}
  returning bytes, records, expires_at`

export const deleteOlderExports = sql({
  name: 'privacy.delete-older-exports',
  params: { id: 'uuid', personId: 'uuid' },
})`
  delete from exports
  where person_id = ${'personId'} and id <> ${'id'}`

export const findArchive = sql({
  name: 'privacy.find-archive',
  params: { tokenHash: 'bytea' },
  row: { bytes: 'int8', chunks: 'int4' },
})`
  select bytes, chunks
  from exports
  where token_hash = ${'tokenHash'} and expires_at > now()`

export const findChunk = sql({
  name: 'privacy.find-chunk',
  params: { tokenHash: 'bytea', number: 'int4' },
  row: { bytes: 'bytea' },
})`
  select export_chunks.bytes
  from exports
  join export_chunks on export_id = id
  where token_hash = ${'tokenHash'} and expires_at > now() and number = ${'number'}`

export const deleteExpiredExports = sql({
  name: 'privacy.delete-expired-exports',
  params: { limit: 'int4' },
})`
  delete from exports
  where id = any(array(
    select id
    from exports
    where expires_at < now()
    order by expires_at
    limit ${'limit'}
    for update skip locked
  ))`

export const exportsOf = sql({
  name: 'privacy.exports-of',
  params: { personId: 'uuid', limit: 'int4' },
  row: { id: 'uuid', ready: 'bool', expires_at: 'timestamptz' },
})`
  select id, token_hash is not null as ready, expires_at
  from exports
  where person_id = ${'personId'}
  order by id
  limit ${'limit'}`

export const deleteExportsOf = sql({
  name: 'privacy.delete-exports-of',
  params: { personId: 'uuid', limit: 'int4' },
})`
  delete from exports
  where id = any(array(
    select id
    from exports
    where person_id = ${'personId'}
    limit ${'limit'}
  ))`
