-- Nearly empty: what lists ask it for each person in them.
create index people_suspended on people (id) where suspended;
