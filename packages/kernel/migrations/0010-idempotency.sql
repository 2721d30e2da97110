-- The first answer to each Idempotency-Key, written by the statement or transaction that had the effect: one commits with the other.
create table idempotency_keys (
  -- the first 128 bits of the SHA-256 of owner, operation and key: short and compared fast, for it is written with every POST
  id uuid primary key,
  -- SHA-256 of the request: the same key with another request is refused
  request_hash bytea not null,
  -- JSON in UTF-8; encrypted where the operation says that its answer holds secrets
  answer bytea not null,
  at timestamptz not null default now()
);
-- what is older than a day is deleted, oldest first
create index idempotency_keys_at on idempotency_keys (at);
