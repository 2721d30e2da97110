create table effects (
  n bigint generated always as identity primary key,
  number int not null,
  stream text not null
);
