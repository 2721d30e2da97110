-- One short row a person: how new their relations are, and how many. Every change of a relation locks the rows of both people,
-- in the order of their ids, before it looks at anything: so what it decides still holds when it commits.
create table people (
  id uuid primary key,
  -- raised by each follow, block, mute and suspension that concerns them, and by each edit of their profile
  version int8 not null default 1,
  follower_count int4 not null default 0
    constraint people_follower_count_check check (follower_count >= 0),
  following_count int4 not null default 0
    constraint people_following_count_check check (following_count >= 0),
  blocking_count int4 not null default 0
    constraint people_blocking_count_check check (blocking_count >= 0),
  muting_count int4 not null default 0
    constraint people_muting_count_check check (muting_count >= 0),
  suspended bool not null default false
) with (fillfactor = 50); -- updated in place, again and again

create table profiles (
  id uuid primary key,
  -- in lower case, as auth keeps it
  username text not null
    constraint profiles_username_key unique,
  display_name text not null,
  bio text not null default '',
  created_at timestamptz not null,
  -- raised by each edit; the ETag
  version int4 not null default 1
);

-- Counted from the events of posts, apart from people: writing a post does not wait for a follow.
create table post_counts (
  user_id uuid primary key,
  post_count int4 not null default 0
) with (fillfactor = 50);

-- A follow is two rows, one for each person concerned. `id` is a UUIDv7 made while both are locked, so that nothing appears below what
-- was read of a list; its order is the lists'.
create table follows (
  follower_id uuid not null,
  followee_id uuid not null,
  id uuid not null,
  primary key (follower_id, followee_id),
  constraint follows_not_oneself check (follower_id <> followee_id)
);
create unique index follows_newest on follows (follower_id, id);

create table followers (
  followee_id uuid not null,
  follower_id uuid not null,
  id uuid not null,
  primary key (followee_id, follower_id)
);
create unique index followers_newest on followers (followee_id, id);

create table blocks (
  blocker_id uuid not null,
  blocked_id uuid not null,
  primary key (blocker_id, blocked_id),
  constraint blocks_not_oneself check (blocker_id <> blocked_id)
);
create index blocks_of_blocked on blocks (blocked_id, blocker_id);

create table mutes (
  muter_id uuid not null,
  muted_id uuid not null,
  primary key (muter_id, muted_id),
  constraint mutes_not_oneself check (muter_id <> muted_id)
);
