-- What trends: public posts that answer none, and tags (docs/decisions/0045-trending.md). A subject is a post's id, or a tag behind a #.
create table trends (
  subject text collate "C" primary key,
  -- log2 of the sum of its voices' weights; none weighs anything when there are no voices
  score double precision not null default '-infinity',
  people_count integer not null default 0,
  -- of a post
  author_id uuid,
  -- of a tag: public posts of the last days
  post_count integer not null default 0,
  -- The post was deleted or hidden: a voice that was on its way must not bring it back.
  gone_at timestamptz,
  constraint trends_kind check ((author_id is null) = starts_with(subject, '#')),
  constraint trends_people check (people_count >= 0),
  constraint trends_posts check (post_count >= 0)
);
-- the top, read some times a second
create index trending_posts on trends (score desc, subject desc) where author_id is not null and gone_at is null;
create index trending_tags on trends (score desc, subject) where author_id is null;
create index trends_gone on trends (gone_at) where gone_at is not null;

-- Who spoke for what: a person once, whatever they did how often.
create table voices (
  subject text collate "C" not null,
  person_id uuid not null,
  -- log2 of its weight, which is also when it was given
  voice double precision not null,
  primary key (subject, person_id)
);
-- how much a person said lately; what is erased with them
create index voices_by_person on voices (person_id, voice);
-- old ones are dropped, the oldest first
create index voices_by_age on voices (voice);

-- Which public posts bear which tag: a person speaks for a tag as long as they have such a post.
create table tag_posts (
  post_id uuid not null,
  tag text collate "C" not null,
  person_id uuid not null,
  primary key (post_id, tag)
);
create index tag_posts_by_tag on tag_posts (tag, person_id);
create index tag_posts_by_person on tag_posts (person_id);
