create index accounts_suspended on accounts (id) where suspended_at is not null;
