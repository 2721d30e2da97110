-- What a subscriber did, in its order. Nothing here keeps it from doing something twice: that is the cursor's work.
create table effects (
  n bigint generated always as identity primary key,
  event uuid not null,
  stream text not null,
  version bigint not null,
  -- epoch ms
  seen_at float8 not null
);
