-- What happened on each day (UTC, by the time of the event), and how often. Only ever added to: what is taken back later happened all the same.
create table days (
  day date not null,
  what text not null,
  count int8 not null,
  -- when it was added to last
  changed_at timestamptz not null default now(),
  constraint days_pkey primary key (day, what),
  constraint days_count_positive check (count > 0)
) with (fillfactor = 50); -- updated in place, again and again

-- Who did something on a day, so that nobody is counted twice. Kept until nothing more comes for the day: of each day
-- `activePeople` = these rows + `forgotten` (dropped by age) + `erased` (dropped with their person).
create table active_people (
  user_id uuid not null,
  day date not null,
  constraint active_people_pkey primary key (user_id, day)
);
create index active_people_by_day on active_people (day);
