-- One archive of all that is held of a person, made part by part; its id is that of the job that makes it.
create table exports (
  id uuid primary key,
  person_id uuid not null,
  -- where it goes on: raised with each part, in the transaction that keeps the part
  step int4 not null default 0,
  finished_services text[] not null default '{}',
  -- of the service that is being asked
  next_after text,
  chunks int4 not null default 0,
  bytes int8 not null default 0,
  -- how many records of each service
  records jsonb not null default '{}',
  -- SHA-256 of what the link ends with; null: not ready
  token_hash bytea constraint exports_token_hash_key unique,
  expires_at timestamptz not null default now() + interval '3 days'
);
create index exports_of_person on exports (person_id);
create index exports_expires_at on exports (expires_at);

create table export_chunks (
  export_id uuid not null references exports (id) on delete cascade,
  number int4 not null,
  bytes bytea not null,
  primary key (export_id, number)
);
-- It is compressed already.
alter table export_chunks alter column bytes set storage external;

-- Who was erased, or is being: an id that says nothing any more, and counts. Kept, so that a backup that is put back can be put right.
create table erasures (
  user_id uuid primary key,
  job_id uuid,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  -- when what was in flight was swept up
  swept_at timestamptz,
  receipt jsonb
);
create index erasures_unfinished on erasures (started_at) where swept_at is null;

-- What the steps of an erasure have erased so far.
create table erasure_counts (
  user_id uuid not null,
  service text not null,
  kind text not null,
  count int8 not null,
  primary key (user_id, service, kind)
);
