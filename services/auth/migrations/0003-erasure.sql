-- From now on the account is being erased: nobody finds it any more, and its names are free once its row is gone.
alter table accounts add column erasing_at timestamptz;
create index sessions_by_account on sessions (account_id);

-- Which session asked for an erasure: its token may look on until it has expired. Gone an hour later.
create table erasures (
  account_id uuid primary key,
  session_id uuid not null,
  at timestamptz not null default now()
);
create index erasures_at on erasures (at);
