export const OBSERVATIONS = `
create table observations (
  backend text not null,
  subject text not null,
  status text not null,
  until integer,
  note text,
  observed_at integer not null,
  primary key (backend, subject)
) without rowid;

create table meta (key text primary key, value text not null) without rowid;
`;
