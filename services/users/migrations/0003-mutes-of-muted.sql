-- Who is erased goes from everybody's mutes.
create index mutes_of_muted on mutes (muted_id, muter_id);
