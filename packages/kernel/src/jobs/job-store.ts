import { type RowOf, sql } from '../data/statement.ts'

// Times are the server's: the clocks of two processes may differ.

export const insertJob = sql({
  name: 'kernel.insert-job',
  params: { id: 'uuid', kind: 'text', key: 'text?', owner: 'uuid?', data: 'text', dueAt: 'float8?' },
  row: { id: 'uuid' },
})`
  insert into jobs (id, kind, key, owner, data, due_at)
  values (${'id'}, ${'kind'}, ${'key'}, ${'owner'}, ${'data'}::json, coalesce(to_timestamp(${'dueAt'} / 1000), now()))
  on conflict (kind, key) where key is not null do nothing
  returning id`

export const findJobByKey = sql({
  name: 'kernel.find-job-by-key',
  params: { kind: 'text', key: 'text' },
  row: { id: 'uuid' },
})`
  select id
  from jobs
  where kind = ${'kind'} and key = ${'key'}`

export const deleteUnbegunJob = sql({
  name: 'kernel.delete-unbegun-job',
  params: { kind: 'text', key: 'text' },
})`
  delete from jobs
  where kind = ${'kind'} and key = ${'key'} and attempts = 0`

/** A job as it was taken; `attempts` counts this run and is its token. `late`: ms since it was due. */
export type Claim = RowOf<typeof claimJobs.row>

export const claimJobs = sql({
  name: 'kernel.claim-jobs',
  params: { kinds: 'text[]', limit: 'int4', lease: 'float8' },
  row: {
    id: 'uuid',
    kind: 'text',
    data: 'text',
    attempts: 'int4',
    done: 'int8',
    total: 'int8',
    late: 'float8',
  },
})`
  with due as materialized (
    select id, extract(epoch from now() - due_at) * 1000 as late
    from jobs
    where due_at <= now() and kind = any(${'kinds'})
    order by due_at
    limit ${'limit'}
    for update skip locked
  )
  update jobs
  set running = true, attempts = attempts + 1, due_at = now() + ${'lease'} * interval '1 ms'
  from due
  where jobs.id = due.id
  returning jobs.id, kind, data::text, attempts, done, total, late::float8`

/** Ms until a job is to be looked at; null when there is none. */
export const nextDue = sql({
  name: 'kernel.next-due-job',
  params: { kinds: 'text[]' },
  row: { wait: 'float8?' },
})`
  select (extract(epoch from min(due_at) - now()) * 1000)::float8 as wait
  from jobs
  where kind = any(${'kinds'})`

export const extendLeases = sql({
  name: 'kernel.extend-job-leases',
  params: { ids: 'uuid[]', attempts: 'int4[]', done: 'int8[]', total: 'int8[]', lease: 'float8' },
  row: { id: 'uuid' },
})`
  update jobs
  set due_at = now() + ${'lease'} * interval '1 ms', done = mine.done, total = mine.total
  from unnest(${'ids'}, ${'attempts'}, ${'done'}, ${'total'}) as mine (id, attempts, done, total)
  where jobs.id = mine.id and jobs.attempts = mine.attempts
  returning jobs.id`

/** Holds the job for the rest of the transaction: nobody else can take it. */
export const lockJob = sql({
  name: 'kernel.lock-job',
  params: { id: 'uuid', attempts: 'int4' },
  row: { id: 'uuid' },
})`
  select id
  from jobs
  where id = ${'id'} and attempts = ${'attempts'}
  for update`

export const moveToFinished = sql({
  name: 'kernel.finish-job',
  params: {
    id: 'uuid',
    attempts: 'int4',
    succeeded: 'bool',
    result: 'text?',
    error: 'text?',
    done: 'int8',
    total: 'int8',
  },
})`
  with gone as (
    delete from jobs
    where id = ${'id'} and attempts = ${'attempts'}
    returning id, kind, owner, attempts, created_at
  )
  insert into finished_jobs (id, kind, owner, succeeded, result, error, attempts, done, total, created_at)
  select id, kind, owner, ${'succeeded'}, ${'result'}::json, ${'error'}, attempts, ${'done'}, ${'total'}, created_at
  from gone`

export const tryAgainLater = sql({
  name: 'kernel.retry-job',
  params: { id: 'uuid', attempts: 'int4', delay: 'float8', error: 'text?' },
})`
  update jobs
  set running = false, due_at = now() + ${'delay'} * interval '1 ms', error = ${'error'}
  where id = ${'id'} and attempts = ${'attempts'}`

export type FoundJob = RowOf<typeof findJobById.row>

export const findJobById = sql({
  name: 'kernel.find-job',
  params: { id: 'uuid' },
  row: {
    kind: 'text',
    owner: 'uuid?',
    status: 'text',
    done: 'int8',
    total: 'int8',
    result: 'text?',
    error: 'text?',
    createdAt: 'timestamptz',
  },
})`
  select kind, owner, case when running then 'running' else 'queued' end as status, done, total, null as result,
    null as error, created_at as "createdAt"
  from jobs
  where id = ${'id'}
  union all
  select kind, owner, case when succeeded then 'done' else 'failed' end, done, total, result::text, error, created_at
  from finished_jobs
  where id = ${'id'}`

/** Jobs that somebody ordered, waiting, running and done; one that runs finds out at its next sign of life. */
export const deleteJobsOf = sql({
  name: 'kernel.delete-jobs-of',
  params: { owner: 'uuid', keep: 'uuid?', limit: 'int4' },
  row: { count: 'int8' },
})`
  with waiting as (
    delete from jobs
    where id = any(array(
      select id
      from jobs
      where owner = ${'owner'} and id is distinct from ${'keep'}
      limit ${'limit'}
    ))
    returning id
  ), done as (
    delete from finished_jobs
    where id = any(array(
      select id
      from finished_jobs
      where owner = ${'owner'} and id is distinct from ${'keep'}
      limit ${'limit'}
    ))
    returning id
  )
  select (select count(*) from waiting) + (select count(*) from done) as count`

export const turnJobDays = sql({ name: 'kernel.turn-job-days' })`
  select turn_job_days()`
