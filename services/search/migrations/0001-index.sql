-- Which of the two places (0 and 1) of the index is read, and which is filled beside it. Whoever writes to the index locks this row for share,
-- whoever fills or swaps locks it for update: so nothing is written to a place that is no more, or missed by one that comes.
create table index_state (
  only_row boolean primary key default true,
  live smallint not null default 0,
  building smallint,
  -- false until the whole of what there was before the first event has been read
  complete boolean not null default false,
  -- how far the filling is: what comes after these is still to be read
  after_post text,
  after_person text,
  filled integer not null default 0,
  constraint index_state_one_row check (only_row),
  constraint index_state_places check (live in (0, 1) and building in (0, 1) and building <> live)
);
insert into index_state default values;

-- What was deleted while a place is being filled: it may have been read before.
create table gone (
  id uuid primary key
);

-- The languages that posts are written in, so that a search asks for no others.
create table languages (
  language text primary key
);

-- Posts by their words. `document` holds each word as it is (A), its stem in the post's language as `de:lauf` (C), pairs of letters where a script
-- has no spaces, `#tag` and `@author`. No text: that is read from posts.
create table documents (
  slot smallint not null,
  id uuid not null,
  author_id uuid not null,
  version integer not null,
  is_public boolean not null,
  -- points for being new and for being liked, on the scale of the score
  recency integer not null,
  popularity integer not null,
  document tsvector not null,
  primary key (slot, id)
) partition by list (slot);
create table documents_0 partition of documents for values in (0) with (fillfactor = 90);
create table documents_1 partition of documents for values in (1) with (fillfactor = 90);
-- A short pending list: every search reads it.
create index documents_words_0 on documents_0 using gin (document) with (gin_pending_list_limit = 256);
create index documents_words_1 on documents_1 using gin (document) with (gin_pending_list_limit = 256);
create index documents_by_author on documents (author_id, slot);

-- People by their names. `names` holds the username and its parts, the words of the display name and of the bio; `misspelt` each name with one letter
-- left out: two names that differ by one slip of the hand have one of these in common. `display_name` is its words, without accents and capitals.
create table people (
  slot smallint not null,
  id uuid not null,
  version integer not null,
  username text not null,
  display_name text not null,
  popularity integer not null,
  names tsvector not null,
  misspelt text[] not null,
  primary key (slot, id)
) partition by list (slot);
create table people_0 partition of people for values in (0) with (fillfactor = 90);
create table people_1 partition of people for values in (1) with (fillfactor = 90);
create index people_names_0 on people_0 using gin (names) with (gin_pending_list_limit = 256);
create index people_names_1 on people_1 using gin (names) with (gin_pending_list_limit = 256);
create index people_misspelt_0 on people_0 using gin (misspelt) with (gin_pending_list_limit = 256);
create index people_misspelt_1 on people_1 using gin (misspelt) with (gin_pending_list_limit = 256);
create index people_by_username on people (slot, username);
create index people_by_popularity on people (slot, popularity, id);
