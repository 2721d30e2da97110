-- What a moderator decided about a post. Every report of the post that was open then is closed by it.
create table decisions (
  id uuid primary key,
  post_id uuid not null,
  author_id uuid not null,
  action text not null,
  -- null once they erased their account
  decided_by uuid,
  note text,
  decided_at timestamptz not null default now(),
  -- null until posts and auth have done it
  carried_out_at timestamptz,
  -- the code with which auth refused to suspend the author
  refusal text,
  constraint decisions_action_is_known check (action in ('dismiss', 'hide', 'suspend')),
  constraint decisions_refused_when_carried_out check (refusal is null or carried_out_at is not null)
);
create index decisions_against on decisions (post_id) where action <> 'dismiss';
create index decisions_to_look_at on decisions (id) where action <> 'dismiss' and carried_out_at is not null;
create index decisions_waiting on decisions (id) where carried_out_at is null;
create index decisions_by on decisions (decided_by, id);
create index decisions_noted on decisions (author_id, id) where note is not null;

create table reports (
  id uuid primary key,
  post_id uuid not null,
  author_id uuid not null,
  -- null once they erased their account
  reporter_id uuid,
  reason text not null,
  note text,
  created_at timestamptz not null default now(),
  -- open until then
  closed_at timestamptz,
  -- null although closed: the author erased their account
  decision_id uuid references decisions (id),
  constraint reports_not_of_oneself check (reporter_id <> author_id),
  constraint reports_closed_when_decided check (decision_id is null or closed_at is not null)
);
create unique index reports_open_once on reports (post_id, reporter_id) where closed_at is null;
create index reports_open on reports (id) where closed_at is null;
create index reports_closed on reports (id) where closed_at is not null;
create index reports_by on reports (reporter_id, id);
create index reports_of_author on reports (author_id, id) where closed_at is null or note is not null;

-- Who did what to whom: ids and codes, never text. In the order in which it was written down.
create table audit (
  position int8 primary key generated always as identity,
  -- that of the decision or of auth's event: written once
  id uuid not null constraint audit_once unique,
  at timestamptz not null,
  -- null: Plaza itself
  actor uuid,
  action text not null,
  target text not null,
  detail jsonb not null
);
create index audit_by_actor on audit (actor, position);
create index audit_by_target on audit (target, position);
create index audit_by_action on audit (action, position);

-- The service's role may do to its tables what it likes, but it does not own them: a trigger it cannot take off.
create function refuse_to_change_audit() returns trigger language plpgsql as $$
begin
  raise exception 'The audit trail is only ever added to';
end $$;
create trigger audit_only_grows before update or delete or truncate on audit
  for each statement execute function refuse_to_change_audit();
