/** The ledger is append-only, held by triggers; what was settled is added up by day so that a limit is checked in a few rows. */
export const LEDGER = `
create table ledger (
  seq integer primary key autoincrement,
  workspace text not null,
  ref text not null,
  backend text not null,
  project text not null,
  what text not null,
  kind text not null check (kind in ('reserve', 'settle', 'release')),
  amount integer not null check (amount >= 0),
  source text not null,
  created_at integer not null,
  day text not null
);
create index ledger_ref on ledger (ref);

create trigger ledger_kept before delete on ledger begin
  select raise(abort, 'the ledger is append-only');
end;
create trigger ledger_unchanged before update on ledger begin
  select raise(abort, 'the ledger is append-only');
end;

create table holds (
  ref text primary key,
  workspace text not null,
  backend text not null,
  project text not null,
  what text not null,
  amount integer not null check (amount >= 0),
  source text not null,
  created_at integer not null
) without rowid;
create index holds_workspace on holds (workspace, amount);

create table spending (
  workspace text not null,
  day text not null,
  backend text not null,
  project text not null,
  amount integer not null,
  videos integer not null,
  primary key (workspace, day, backend, project)
) without rowid;

create trigger ledger_settled after insert on ledger when new.kind = 'settle' begin
  insert into spending (workspace, day, backend, project, amount, videos)
    values (new.workspace, new.day, new.backend, new.project, new.amount, new.what = 'video')
    on conflict do update set amount = amount + excluded.amount, videos = videos + excluded.videos;
end;
`;
