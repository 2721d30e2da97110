-- Comments are posts that answer a post. Moderation hides posts; of a deleted one that has answers only its place is left: `gone`, and nobody's.
alter table posts
  add column reply_to uuid constraint posts_reply_to_fkey references posts (id),
  -- the first post of the thread
  add column root_id uuid,
  -- who wrote what is answered
  add column answered_id uuid,
  drop constraint posts_text_length,
  drop constraint posts_visibility,
  add constraint posts_text_length check (
    char_length(text) between 1 and 5000 or (text = '' and visibility = 'gone')
  ),
  add constraint posts_visibility check (visibility in ('public', 'followers', 'hidden', 'gone')),
  add constraint posts_gone check (
    visibility <> 'gone'
    or (author_id = '00000000-0000-0000-0000-000000000000' and text = '' and tags is null and mention_ids is null)
  ),
  -- so that a thread in the order of ids has each answer after what it answers
  add constraint posts_answer_is_later check (reply_to < id and root_id <= reply_to),
  add constraint posts_answer_whole check (num_nulls(reply_to, root_id, answered_id) in (0, 3));

-- Comments stand in threads only; what is hidden or gone in no list at all.
drop index posts_by_author;
create index posts_by_author on posts (author_id, id) include (visibility, version)
  where reply_to is null and visibility in ('public', 'followers');
drop index posts_public;
create index posts_public on posts (id) include (author_id) where visibility = 'public' and reply_to is null;

-- a person's comments, among their posts
create index posts_comments_by_author on posts (author_id, id) include (visibility, version)
  where reply_to is not null and visibility in ('public', 'followers');
-- direct answers; and whether there are any
create index posts_answers on posts (reply_to, id) include (version) where reply_to is not null;
create index posts_threads on posts (root_id, id) include (version) where root_id is not null;
-- tombstones, for the upkeep
create index posts_gone on posts (id) where visibility = 'gone';
