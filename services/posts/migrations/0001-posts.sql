-- Posts, by id: a UUIDv7 in the author's shard, so that the order of ids is the order of writing, and its time is when it was written.
create table posts (
  id uuid primary key,
  author_id uuid not null,
  text text not null,
  -- null instead of an empty array: most posts have none, and null costs nothing to read
  tags text[],
  mention_ids uuid[],
  mention_names text[],
  visibility text not null,
  version integer not null default 1,
  edited_at timestamptz,
  constraint posts_text_length check (char_length(text) between 1 and 5000),
  constraint posts_visibility check (visibility in ('public', 'followers')),
  constraint posts_mentions_pair check (cardinality(mention_ids) = cardinality(mention_names)),
  constraint posts_version_positive check (version >= 1)
);
-- a person's posts, and home timelines below their inboxes
create index posts_by_author on posts (author_id, id) include (visibility, version);
-- the public timeline; the author is there for blocks and mutes
create index posts_public on posts (id) include (author_id) where visibility = 'public';

-- Public posts by tag.
create table post_tags (
  tag text not null,
  post_id uuid not null references posts (id) on delete cascade,
  author_id uuid not null,
  primary key (tag, post_id) include (author_id)
);
create index post_tags_by_post on post_tags (post_id);

-- Earlier texts: the current one stands in posts.
create table post_edits (
  post_id uuid not null references posts (id) on delete cascade,
  version integer not null,
  text text not null,
  written_at timestamptz not null,
  primary key (post_id, version)
);

-- What was deleted, by whom: deleting twice is the same as once, also when the first answer was lost.
create table deleted_posts (
  id uuid primary key,
  author_id uuid not null,
  at timestamptz not null default now()
);
