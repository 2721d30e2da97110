-- Durable work and timers that are not done yet.
create table jobs (
  id uuid primary key,
  kind text not null,
  key text,
  -- who may read it
  owner uuid,
  data json not null,
  -- when to look at it next: when it is due, tried again or, while it runs, when the lease of whoever runs it ends
  due_at timestamptz not null,
  running boolean not null default false,
  -- how often it was begun; what is written for a run names its attempt, so that a run whose lease ended can write nothing any more
  attempts int not null default 0,
  done bigint not null default 0,
  total bigint not null default 0,
  error text,
  created_at timestamptz not null default now()
);
create unique index jobs_kind_key on jobs (kind, key) where key is not null;
create index jobs_due on jobs (due_at);

-- What became of them, kept for a week and dropped by the day.
create table finished_jobs (
  id uuid not null,
  kind text not null,
  owner uuid,
  succeeded boolean not null,
  result json,
  error text,
  attempts int not null,
  done bigint not null,
  total bigint not null,
  created_at timestamptz not null,
  at timestamptz not null default now(),
  constraint finished_jobs_pkey primary key (id, at)
) partition by range (at);

-- Makes the partitions of yesterday (a clock may go back), today and the week to come, and drops those older than a week. It runs as the
-- tables' owner, which services are not: it takes no argument, and keeps this schema as its search path.
create function turn_job_days() returns void
language plpgsql
security definer
set search_path from current
set lock_timeout = '2s'
as $$
declare
  today date := (now() at time zone 'UTC')::date;
  day date;
  name text;
begin
  perform pg_advisory_xact_lock(hashtextextended('plaza turn_job_days ' || current_schema(), 0));
  for day in select generate_series(today - 1, today + 7, interval '1 day')::date loop
    name := to_char(day, '"finished_jobs_"YYYY_MM_DD');
    continue when to_regclass(name) is not null;
    execute format('create table %I (like finished_jobs including all, constraint day check (at >= %L and at < %L))',
      name, day || ' 00:00:00+00', day + 1 || ' 00:00:00+00');
    execute format('alter table finished_jobs attach partition %I for values from (%L) to (%L)',
      name, day || ' 00:00:00+00', day + 1 || ' 00:00:00+00');
    execute format('alter table %I drop constraint day', name);
  end loop;
  for name in
    select relname
    from pg_inherits join pg_class on pg_class.oid = inhrelid
    where inhparent = 'finished_jobs'::regclass and relname < to_char(today - 7, '"finished_jobs_"YYYY_MM_DD')
  loop
    execute format('drop table %I', name);
  end loop;
end
$$;
select turn_job_days();
