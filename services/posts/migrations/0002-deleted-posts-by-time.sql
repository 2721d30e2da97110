-- What was deleted long ago is forgotten, the oldest first.
create index deleted_posts_at on deleted_posts (at);
