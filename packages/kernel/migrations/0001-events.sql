-- The event log of this service. Rules, proofs and traps: docs/decisions/0015-event-log.md.

-- cache 1: a position must be younger than every one given out before it
create sequence events_position as bigint cache 1;

create table events (
  -- the top-level transaction, written by the server alone: ticks decide by it what is news
  xid xid8 not null default pg_current_xact_id(),
  -- taken while the stream's row is locked, so that it rises with the version within each stream
  position bigint not null default nextval('events_position'),
  at timestamptz not null default clock_timestamp(),
  version bigint not null,
  id uuid not null,
  -- no default: append_events writes it, and finds none before open_log has looked at this server
  era int not null,
  stream text not null,
  type text not null,
  data jsonb not null,
  constraint events_pkey primary key (position, at)
) partition by range (at);
create index events_xid on events (xid, position);

-- How many events each stream has; the row's lock keeps a stream's events in order.
create table streams (
  stream text constraint streams_pkey primary key,
  version bigint not null
) with (fillfactor = 70);

-- A tick is a stored snapshot: what a later one sees and an earlier one did not is a batch.
create table ticks (
  tick bigint constraint ticks_pkey primary key,
  era int not null,
  snapshot pg_snapshot not null,
  -- events so far, and their highest position
  total bigint not null,
  high bigint not null,
  at timestamptz not null default clock_timestamp()
);
insert into ticks values (0, 1, '1:1:', 0, 0);

-- Every run of the log: a server's start, a promoted replica, a copy on another server. What came up to its base tick came from the run before.
create table histories (
  branch int constraint histories_pkey primary key,
  token uuid not null constraint histories_token_key unique default gen_random_uuid(),
  reason text not null,
  era int not null,
  identity text not null,
  timeline text not null,
  started timestamptz not null,
  base_tick bigint not null,
  at timestamptz not null default clock_timestamp()
);

-- The run that writes now.
create table log (
  one boolean constraint log_pkey primary key default true check (one),
  era int not null,
  branch int not null constraint log_branch_fkey references histories,
  started timestamptz not null
);

-- Where this service's shared subscriptions are in other services' logs. Moved in the transaction that holds the events' effect.
create table cursors (
  subscription text constraint cursors_pkey primary key,
  producer text not null,
  cursor jsonb not null,
  -- raised by every move: two that move one cursor find out
  revision bigint not null default 1,
  moved_at timestamptz not null default now()
) with (fillfactor = 50);

-- What was handled, a row for each transaction: looked at only when a log's past was replaced.
create table handled_events (
  subscription text not null,
  branch uuid not null,
  tick bigint not null,
  at timestamptz not null default now(),
  events uuid[] not null
);
create index handled_events_tick on handled_events (subscription, tick);
create index handled_events_at on handled_events (at);

-- Events that may come a second time since a log's past was replaced.
create table skipped_events (
  subscription text not null,
  event uuid not null,
  at timestamptz not null default now(),
  constraint skipped_events_pkey primary key (subscription, event)
);

-- Events that could not be handled, and those of their stream that wait behind them.
create table dead_letters (
  id bigint generated always as identity constraint dead_letters_pkey primary key,
  subscription text not null,
  producer text not null,
  event uuid not null,
  type text not null,
  stream text not null,
  version bigint not null,
  data jsonb not null,
  happened_at timestamptz not null,
  parked_at timestamptz not null default now(),
  attempts int not null,
  -- null: it never failed, it waits
  error text,
  constraint dead_letters_event_key unique (subscription, event)
);
create index dead_letters_stream on dead_letters (subscription, stream, id);

-- Appends events in the order of the arrays; the streams' rows are locked in key order, so that groups cannot deadlock.
-- Positions are taken after the sort, and so after every lock.
create function append_events(new_ids uuid[], new_streams text[], new_types text[], new_data jsonb[])
returns table (id uuid, stream text, version bigint)
language plpgsql
as $$
#variable_conflict use_column
begin
  return query
  with given as (
    select *
    from unnest(new_ids, new_streams, new_types, new_data) with ordinality as g (id, stream, type, data, n)
  ), raised as (
    insert into streams as s (stream, version)
    select stream, count(*)
    from given
    group by stream
    order by stream
    on conflict (stream) do update set version = s.version + excluded.version
    returning s.stream, s.version
  ), numbered as (
    select given.*,
      raised.version - count(*) over (partition by stream) + row_number() over (partition by stream order by n) as version
    from given
    join raised using (stream)
  )
  insert into events (era, id, stream, version, type, data)
  select (select log.era from log where log.started = pg_postmaster_start_time()), id, stream, version, type, data
  from numbered
  order by n
  returning events.id, events.stream, events.version;
end
$$;

-- Makes the partitions of the month before, this one and the next two, attached without stopping writers. Runs as the tables' owner,
-- whom services are not: it takes no argument, and its search path is fixed below.
create function make_event_months() returns void
language plpgsql
security definer
as $$
declare
  month timestamp;
  name text;
  low text;
  high text;
begin
  for month in
    select generate_series(date_trunc('month', now() at time zone 'UTC') - interval '1 month',
      date_trunc('month', now() at time zone 'UTC') + interval '2 months', interval '1 month')
  loop
    name := 'events_' || to_char(month, 'YYYY_MM');
    continue when to_regclass(quote_ident(name)) is not null;
    perform pg_advisory_xact_lock(hashtextextended('plaza make_event_months ' || current_schema(), 0));
    continue when to_regclass(quote_ident(name)) is not null;
    low := to_char(month, 'YYYY-MM-DD') || ' 00:00:00+00';
    high := to_char(month + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00';
    execute format('create table %I (like events including all, constraint month check (at >= %L and at < %L))', name, low, high);
    execute format('alter table events attach partition %I for values from (%L) to (%L)', name, low, high);
    execute format('alter table %I drop constraint month', name);
  end loop;
end
$$;

-- Finds out whether this is still the server, and the past, that the log was written on; nothing is appended or ticked before.
create function open_log(force_new_era boolean default false) returns void
language plpgsql
as $$
declare
  here_identity text;
  here_timeline text;
  known histories;
  last ticks;
  reason text;
  new_era int;
begin
  if pg_is_in_recovery() then
    raise exception 'this server is a standby: its log is opened once it is promoted' using errcode = 'read_only_sql_transaction';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('plaza open_log ' || current_schema(), 0));
  select s.system_identifier || '/' || d.oid into strict here_identity
  from pg_control_system() s, pg_database d
  where d.datname = current_database();
  here_timeline := left(pg_walfile_name(pg_current_wal_lsn()), 8);
  select * into known from histories order by branch desc limit 1;

  reason := case
    when known.branch is null then 'first'
    when force_new_era then 'forced'
    when known.identity <> here_identity then 'moved'
    when known.timeline <> here_timeline then 'promoted'
    when not exists (select from log where started = pg_postmaster_start_time()) then 'restarted'
  end;
  if reason is null then
    return;
  end if;

  new_era := coalesce(known.era, 1);
  if reason in ('forced', 'moved') then
    -- waits for whoever still writes, a prepared transaction too; whoever waits behind it writes in the new era
    lock table events in share row exclusive mode;
    lock table ticks in share row exclusive mode;
  end if;
  select * into strict last from ticks order by tick desc limit 1;
  if reason in ('forced', 'moved') then
    new_era := known.era + 1;
    perform setval('events_position', 1 + greatest(
      (select last_value from events_position), (select max(position) from events)));
    -- closes the old era with a snapshot that sees all there is in it
    insert into ticks (tick, era, snapshot, total, high)
    select last.tick + 1, known.era, '9223372036854775807:9223372036854775807:', last.total + count(*), greatest(last.high, max(position))
    from events
    where era = known.era
      and (xid = any (array(select pg_snapshot_xip(last.snapshot))) or xid >= pg_snapshot_xmax(last.snapshot));
    insert into ticks (tick, era, snapshot, total, high)
    select tick + 1, new_era, pg_current_snapshot(), total, high
    from ticks
    where tick = last.tick + 1;
  end if;

  insert into histories (branch, reason, era, identity, timeline, started, base_tick)
  values (coalesce(known.branch, 0) + 1, reason, new_era, here_identity, here_timeline, pg_postmaster_start_time(), last.tick);
  insert into log (era, branch, started)
  values (new_era, coalesce(known.branch, 0) + 1, pg_postmaster_start_time())
  on conflict (one) do update set era = excluded.era, branch = excluded.branch, started = excluded.started;
end
$$;

do $$
begin
  execute format('alter function make_event_months() set search_path = %I, pg_temp', current_schema());
end
$$;
select make_event_months();
select open_log();
