/**
 * `due_at` is when the tracker has something to do for a task: poll it, send it, save its file, or (0) find out what
 * became of it after its process died. The partial indexes hold unfinished tasks only, so finished ones cost nothing.
 */
export const TASKS = `
create table tasks (
  seq integer primary key autoincrement,
  id text not null unique,
  workspace text not null,
  kind text not null,
  parent_id text,
  storyboard_id text,
  state text not null check (state in
    ('reserved', 'submitting', 'queued', 'in_progress', 'completed', 'failed', 'expired', 'unknown')),
  backend text not null,
  route text not null,
  model text not null,
  seconds integer not null,
  size text,
  request_json text not null,
  sent_prompt text not null,
  fingerprint text not null,
  idempotency_key text,
  send_key text not null,
  remote_id text,
  progress real not null,
  reasons_json text not null,
  quoted integer,
  spent integer,
  charged text not null,
  error_json text,
  video_url text,
  video_url_expires_at integer,
  file_path text,
  file_bytes integer,
  save_state text not null,
  save_attempts integer not null,
  save_error text,
  still_path text,
  send_after integer,
  created_at integer not null,
  submitted_at integer,
  completed_at integer,
  updated_at integer not null,
  heard_at integer,
  next_poll_at integer,
  polls integer not null,
  poll_failures integer not null,
  lease_owner text,
  lease_until integer,
  due_at integer generated always as (case
    when state in ('queued', 'in_progress') then coalesce(next_poll_at, created_at)
    when state = 'completed' and save_state = 'pending' then coalesce(next_poll_at, created_at)
    when state = 'unknown' then next_poll_at
    when state = 'reserved' then coalesce(send_after, 0)
    when state = 'submitting' then 0
  end) virtual
);
create index tasks_page on tasks (workspace, seq);
create index tasks_page_by_state on tasks (workspace, state, seq);
create unique index tasks_idempotency on tasks (workspace, idempotency_key) where idempotency_key is not null;
create index tasks_remote on tasks (remote_id, workspace, seq) where remote_id is not null;
create index tasks_parent on tasks (parent_id) where parent_id is not null;
create index tasks_storyboard on tasks (storyboard_id) where storyboard_id is not null;
create index tasks_durations on tasks (backend, model, completed_at) where state = 'completed';
create index tasks_running on tasks (backend) where state in ('submitting', 'queued', 'in_progress', 'unknown');
create index tasks_due on tasks (due_at) where due_at is not null;
create index tasks_leased on tasks (lease_until) where due_at is not null and lease_until is not null;
create index tasks_from_the_future on tasks (updated_at) where due_at is not null;

create trigger tasks_inserted after insert on tasks begin
  insert into counts (name, workspace, count) values ('tasks.' || new.state, new.workspace, 1)
    on conflict do update set count = count + 1;
end;
create trigger tasks_deleted after delete on tasks begin
  update counts set count = count - 1 where name = 'tasks.' || old.state and workspace = old.workspace;
end;
create trigger tasks_moved after update of state on tasks when old.state is not new.state begin
  update counts set count = count - 1 where name = 'tasks.' || old.state and workspace = old.workspace;
  insert into counts (name, workspace, count) values ('tasks.' || new.state, new.workspace, 1)
    on conflict do update set count = count + 1;
end;
`;
