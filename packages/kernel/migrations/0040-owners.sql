-- A person's jobs are found to be erased, in whichever state they are.
create index jobs_owner on jobs (owner) where owner is not null;
create index finished_jobs_owner on finished_jobs (owner) where owner is not null;
