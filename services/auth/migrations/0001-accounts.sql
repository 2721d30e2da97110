create table accounts (
  id uuid primary key,
  email text not null,
  -- the e-mail as it is compared: normalised, in lower case
  email_key text not null constraint accounts_email_taken unique,
  username text not null constraint accounts_username_taken unique,
  display_name text not null,
  email_verified boolean not null default false,
  password_hash text not null,
  roles text[] not null,
  -- raised by each change of roles or suspension; access tokens carry the one they were signed at
  revision integer not null default 1,
  -- access tokens of an older revision are worth nothing
  ended_before integer not null default 0,
  -- when the revision was raised last
  changed_at timestamptz,
  suspended_at timestamptz,
  created_at timestamptz not null default now(),
  constraint accounts_username_is_lower_case check (username = lower(username)),
  constraint accounts_roles_are_known check (roles <@ array['user', 'seller', 'moderator', 'admin']),
  constraint accounts_ended_before_is_past check (ended_before <= revision)
);
create index accounts_changed_at on accounts (changed_at) where changed_at is not null;
create index accounts_admins on accounts (id) where 'admin' = any (roles);

-- A session is a family of refresh tokens: each is good once, and of all of them two hashes are kept.
create table sessions (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  token_hash bytea not null,
  previous_hash bytea,
  rotated_at timestamptz not null default now(),
  started_at timestamptz not null default now(),
  expires_at timestamptz not null,
  ended_at timestamptz
);
create index sessions_of_account on sessions (account_id) where ended_at is null;
create index sessions_ended_at on sessions (ended_at) where ended_at is not null;
create index sessions_expires_at on sessions (expires_at);

-- The highest number is the next key, the one below it signs, the one below that has signed.
create table signing_keys (
  number integer primary key,
  kid text not null unique,
  public_key jsonb not null,
  -- PKCS #8, encrypted under a key derived from PLAZA_SECRET
  sealed_private_key bytea not null,
  made_at timestamptz not null default now()
);

-- Failed log-ins of a while. Keys are keyed hashes: neither who nor from where can be read here.
create table login_failures (
  key bytea primary key,
  failures integer not null,
  until timestamptz not null
);
create index login_failures_until on login_failures (until);

-- Where somebody has logged in before: strangers cannot close log-in to these.
create table known_addresses (
  account_id uuid not null references accounts (id),
  address bytea not null,
  seen_at timestamptz not null default now(),
  primary key (account_id, address)
);
create index known_addresses_seen_at on known_addresses (seen_at);
