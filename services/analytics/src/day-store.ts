import { sql } from '@plaza/kernel/data'

/**
 * Adds what happened, and who did something, in one statement. People are inserted before the days' rows are locked, both in one order everywhere, so
 * that shares of this service's subscriptions cannot deadlock. Of a day whose people were forgotten nobody is counted again.
 */
export const addToDays = sql({
  name: 'analytics.add-to-days',
  params: { days: 'text[]', whats: 'text[]', counts: 'int8[]', activeDays: 'text[]', people: 'uuid[]' },
})`
  with active as (
    insert into active_people (user_id, day)
    select user_id, day::date
    from unnest(${'activeDays'}, ${'people'}) as given (day, user_id)
    where not exists (
      select
      from days
      where days.day = given.day::date
        and what = 'forgotten'
    )
    order by user_id, day
    on conflict do nothing
    returning day
  )
  insert into days (day, what, count)
  select day::date, what, count
  from unnest(${'days'}, ${'whats'}, ${'counts'}) as given (day, what, count)
  union all
  select day, 'activePeople', count(*)
  from active
  group by day
  order by 1, 2
  on conflict (day, what) do update
  set count = days.count + excluded.count, changed_at = now()`

const day = {
  day: 'text',
  registrations: 'int8',
  activePeople: 'int8',
  posts: 'int8',
  comments: 'int8',
  likes: 'int8',
  reposts: 'int8',
  follows: 'int8',
} as const
const span = { from: 'text', to: 'text', beside: 'text', limit: 'int4' } as const

export const listOlderDays = sql({ name: 'analytics.older-days', params: span, row: day })`
  select day::text,
    coalesce(sum(count) filter (where what = 'registrations'), 0)::int8 as registrations,
    coalesce(sum(count) filter (where what = 'activePeople'), 0)::int8 as "activePeople",
    coalesce(sum(count) filter (where what = 'posts'), 0)::int8 as posts,
    coalesce(sum(count) filter (where what = 'comments'), 0)::int8 as comments,
    coalesce(sum(count) filter (where what = 'likes'), 0)::int8 as likes,
    coalesce(sum(count) filter (where what = 'reposts'), 0)::int8 as reposts,
    coalesce(sum(count) filter (where what = 'follows'), 0)::int8 as follows
  from days
  where days.day between ${'from'}::date and ${'to'}::date
    and days.day < ${'beside'}::date
  group by days.day
  order by days.day desc
  limit ${'limit'}`

export const listNewerDays = sql({ name: 'analytics.newer-days', params: span, row: day })`
  select day::text,
    coalesce(sum(count) filter (where what = 'registrations'), 0)::int8 as registrations,
    coalesce(sum(count) filter (where what = 'activePeople'), 0)::int8 as "activePeople",
    coalesce(sum(count) filter (where what = 'posts'), 0)::int8 as posts,
    coalesce(sum(count) filter (where what = 'comments'), 0)::int8 as comments,
    coalesce(sum(count) filter (where what = 'likes'), 0)::int8 as likes,
    coalesce(sum(count) filter (where what = 'reposts'), 0)::int8 as reposts,
    coalesce(sum(count) filter (where what = 'follows'), 0)::int8 as follows
  from days
  where days.day between ${'from'}::date and ${'to'}::date
    and days.day > ${'beside'}::date
  group by days.day
  order by days.day
  limit ${'limit'}`

/** Forgets who was active on days to which nothing was added for two days; their number stays. */
export const forgetActivePeople = sql({
  name: 'analytics.forget-active-people',
  params: { limit: 'int4' },
  row: { forgotten: 'int8' },
})`
  with settled as (
    select day
    from days
    where day < (now() at time zone 'UTC')::date - 2
      and what = 'activePeople'
      and not exists (
        select
        from days as later
        where later.day = days.day
          and what not in ('forgotten', 'erased')
          and changed_at > now() - interval '2 days'
      )
      and exists (select from active_people where active_people.day = days.day)
    order by day
    limit 1
  ), gone as (
    delete from active_people
    where ctid = any(array(
      select active_people.ctid
      from active_people
      join settled using (day)
      limit ${'limit'}
    ))
    returning day
  ), noted as (
    insert into days (day, what, count)
    select day, 'forgotten', count(*)
    from gone
    group by day
    on conflict (day, what) do update
    set count = days.count + excluded.count, changed_at = now()
    returning day
  )
  select count(*) as forgotten
  from gone`

/** Makes a person's days nobody's. */
export const eraseActivePerson = sql({
  name: 'analytics.erase-active-person',
  params: { user: 'uuid' },
  row: { erased: 'int8' },
})`
  with gone as (
    delete from active_people
    where user_id = ${'user'}
    returning day
  ), noted as (
    insert into days (day, what, count)
    select day, 'erased', count(*)
    from gone
    group by day
    order by day
    on conflict (day, what) do update
    set count = days.count + excluded.count, changed_at = now()
    returning day
  )
  select count(*) as erased
  from gone`

/** Of each day what its active people should be, and how many there are to show for it. */
export const compareActivePeople = sql({
  name: 'analytics.compare-active-people',
  params: { after: 'text', limit: 'int4' },
  row: { day: 'text', counted: 'int8', remembered: 'int8' },
})`
  with part as (
    select day, coalesce(sum(count) filter (where what = 'activePeople'), 0)::int8 as counted,
      coalesce(sum(count) filter (where what in ('forgotten', 'erased')), 0)::int8 as gone
    from days
    where day > ${'after'}::date
    group by day
    order by day
    limit ${'limit'}
  )
  select day::text, counted, gone + (select count(*) from active_people where active_people.day = part.day) as remembered
  from part
  order by part.day`
