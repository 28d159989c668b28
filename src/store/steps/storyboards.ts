export const STORYBOARDS = `
create table storyboards (
  seq integer primary key autoincrement,
  id text not null unique,
  workspace text not null,
  title text not null,
  style text,
  characters_json text not null,
  priority text,
  max_cost integer,
  partial integer not null,
  film_path text,
  film_state text not null,
  film_error text,
  created_at integer not null,
  updated_at integer not null
);
create index storyboards_page on storyboards (workspace, seq);
create index storyboards_pending on storyboards (updated_at) where film_state = 'pending';

create table scenes (
  id text primary key,
  storyboard_id text not null references storyboards (id) on delete cascade,
  position integer not null,
  prompt text not null,
  characters_json text not null,
  duration real,
  size text,
  task_id text,
  fingerprint text,
  state_json text
);
create index scenes_in_order on scenes (storyboard_id, position);
create index scenes_task on scenes (task_id) where task_id is not null;
`;
