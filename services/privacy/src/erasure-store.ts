import { sql } from '@plaza/kernel/data'

/** No row: the person is being erased already, or was. */
export const insertErasure = sql({
  name: 'privacy.insert-erasure',
  params: { userId: 'uuid' },
  row: { user_id: 'uuid' },
})`
  insert into erasures (user_id)
  values (${'userId'})
  on conflict do nothing
  returning user_id`

export const setErasureJob = sql({
  name: 'privacy.set-erasure-job',
  params: { userId: 'uuid', jobId: 'uuid' },
})`
  update erasures
  set job_id = ${'jobId'}
  where user_id = ${'userId'}`

export const findErasure = sql({
  name: 'privacy.find-erasure',
  params: { userId: 'uuid' },
  row: { job_id: 'uuid?', finished: 'bool' },
})`
  select job_id, finished_at is not null as finished
  from erasures
  where user_id = ${'userId'}`

/** Adds up, so that two runs that overlap for a moment lose nothing of each other. */
export const addErasureCounts = sql({
  name: 'privacy.add-erasure-counts',
  params: { userId: 'uuid', service: 'text', kinds: 'text[]', counts: 'int8[]' },
})`
  insert into erasure_counts (user_id, service, kind, count)
  select ${'userId'}, ${'service'}, kind, count
  from unnest(${'kinds'}, ${'counts'}) as step (kind, count)
  order by kind
  on conflict (user_id, service, kind) do update
  set count = erasure_counts.count + excluded.count`

export const findErasureCounts = sql({
  name: 'privacy.find-erasure-counts',
  params: { userId: 'uuid' },
  row: { service: 'text', kind: 'text', count: 'int8' },
})`
  select service, kind, count
  from erasure_counts
  where user_id = ${'userId'}
  order by service, kind`

export const finishErasure = sql({
  name: 'privacy.finish-erasure',
  params: { userId: 'uuid', receipt: 'text' },
})`
  update erasures
  set finished_at = now(), receipt = ${'receipt'}::jsonb
  where user_id = ${'userId'}`

/** The receipt has the counts: the sum is not needed any more. */
export const finishSweep = sql({ name: 'privacy.finish-sweep', params: { userId: 'uuid' } })`
  with counts as (
    delete from erasure_counts
    where user_id = ${'userId'}
  )
  update erasures
  set swept_at = now()
  where user_id = ${'userId'}`

/** Erasures that should have ended long ago: their jobs were given up, for some service was away for hours. */
export const findStuckErasures = sql({
  name: 'privacy.find-stuck-erasures',
  params: { limit: 'int4' },
  row: { user_id: 'uuid', finished: 'bool' },
})`
  select user_id, finished_at is not null as finished
  from erasures
  where swept_at is null and started_at < now() - interval '1 hour'
  order by started_at
  limit ${'limit'}`

/** People of whom nothing should be left, in the order of their ids. */
export const findErased = sql({
  name: 'privacy.find-erased',
  params: { after: 'uuid', limit: 'int4' },
  row: { user_id: 'uuid' },
})`
  select user_id
  from erasures
  where swept_at is not null and user_id > ${'after'}
  order by user_id
  limit ${'limit'}`
