-- A shared subscription is split over the instances that run it: docs/decisions/0016-leases.md. What was one cursor is one share, which
-- holds all 16 buckets of the streams; each bucket belongs to exactly one share.
alter table cursors rename to subscription_shares;
alter table subscription_shares
  -- the lowest of its buckets: no two shares can have one number
  add column share int not null default 0,
  -- a bit for each bucket
  add column buckets int not null default 65535,
  add column owner uuid,
  -- by this server's clock: then others may take it
  add column until timestamptz not null default now(),
  drop constraint cursors_pkey,
  add constraint subscription_shares_pkey primary key (subscription, share),
  add constraint subscription_shares_buckets_check check (buckets between 1 and 65535 and buckets & -buckets = 1 << share);
comment on column subscription_shares.revision is
  'the fencing token: raised whenever the share moves, changes hands, is split or merged; never lower for any bucket';

-- Instances that hold no share yet and want one.
create table subscription_instances (
  subscription text not null,
  instance uuid not null,
  seen_at timestamptz not null default now(),
  constraint subscription_instances_pkey primary key (subscription, instance)
);
