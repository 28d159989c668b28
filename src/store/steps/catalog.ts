/**
 * The catalog. The search index keeps three-letter pieces of `search_text` under the negated `seq`: newest first is then
 * its natural order, which it walks many times faster than the reverse one.
 */
export const CATALOG = `
create table counts (
  name text not null,
  workspace text not null,
  count integer not null,
  primary key (name, workspace)
) without rowid;

create table characters (
  seq integer primary key autoincrement,
  id text not null unique,
  workspace text not null,
  handle text not null,
  name text not null,
  description text not null,
  source_json text not null,
  search_text text not null,
  created_at integer not null,
  updated_at integer not null,
  unique (workspace, handle)
);
create index characters_page on characters (workspace, seq);

create view characters_for_search as select -seq as id, search_text as text from characters order by seq desc;
create virtual table characters_search using fts5 (
  text, content = 'characters_for_search', content_rowid = 'id',
  tokenize = 'trigram case_sensitive 1', detail = none, columnsize = 0
);
insert into characters_search (characters_search, rank) values ('pgsz', 1000);

create trigger characters_inserted after insert on characters begin
  insert into characters_search (rowid, text) values (-new.seq, new.search_text);
  insert into counts (name, workspace, count) values ('characters', new.workspace, 1)
    on conflict do update set count = count + 1;
end;
create trigger characters_deleted after delete on characters begin
  insert into characters_search (characters_search, rowid, text) values ('delete', -old.seq, old.search_text);
  update counts set count = count - 1 where name = 'characters' and workspace = old.workspace;
end;
create trigger characters_retold after update of search_text on characters
when old.search_text is not new.search_text begin
  insert into characters_search (characters_search, rowid, text) values ('delete', -old.seq, old.search_text);
  insert into characters_search (rowid, text) values (-new.seq, new.search_text);
end;

create table bindings (
  id text primary key,
  character_seq integer not null references characters (seq) on delete cascade,
  workspace text not null,
  backend text not null,
  route text not null,
  state text not null check (state in ('submitting', 'ready', 'unknown', 'failed')),
  remote_id text,
  mention text,
  remote_name text,
  error text,
  send_key text,
  quoted integer,
  created_at integer not null,
  updated_at integer not null,
  next_check_at integer,
  lease_owner text,
  lease_until integer,
  unique (character_seq, backend)
);
create index bindings_remote on bindings (workspace, remote_id, character_seq) where remote_id is not null;
create index bindings_anywhere on bindings (remote_id, backend) where remote_id is not null;
create index bindings_page on bindings (workspace, backend, character_seq);
create index bindings_unsettled on bindings (next_check_at) where state in ('submitting', 'unknown');
`;
