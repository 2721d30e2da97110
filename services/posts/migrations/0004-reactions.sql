-- Who likes which post. The key begins with the person: what one likes is read for each page one sees.
create table likes (
  user_id uuid not null,
  post_id uuid not null,
  -- UUIDv7: the order of liking
  id uuid not null,
  constraint likes_pkey primary key (user_id, post_id)
);
-- who likes a post, the newest first; and what a deleted post takes along
create index likes_by_post on likes (post_id, id) include (user_id);

-- Who reposted what.
create table reposts (
  user_id uuid not null,
  post_id uuid not null,
  -- UUIDv7 of its place in timelines, among the ids of posts
  id uuid not null,
  constraint reposts_pkey primary key (user_id, post_id)
);
create index reposts_by_post on reposts (post_id, id) include (user_id);
-- a person's reposts among their posts, in timelines
create index reposts_by_person on reposts (user_id, id) include (post_id);

-- Likes, direct answers and reposts of a post. Nobody who likes waits for this row: one subscription adds up what was told.
create table post_counts (
  post_id uuid constraint post_counts_pkey primary key
    constraint post_counts_post_fkey references posts (id) on delete cascade,
  likes integer not null default 0 constraint post_counts_likes check (likes >= 0),
  replies integer not null default 0 constraint post_counts_replies check (replies >= 0),
  reposts integer not null default 0 constraint post_counts_reposts check (reposts >= 0)
) with (fillfactor = 50); -- updated in place, again and again

-- What an erased person leaves in others' posts: as one who was answered, or named.
create index posts_answered on posts (answered_id, id) where answered_id is not null;
create index posts_mentions on posts using gin (mention_ids) where mention_ids is not null;
-- All of one person's posts are found by this index and those of their lists.
create index posts_hidden on posts (author_id, id) where visibility = 'hidden';
create index deleted_posts_author on deleted_posts (author_id);
