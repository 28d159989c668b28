export const STORYBOARD_REQUESTS = `
create table storyboard_requests (
  workspace text not null,
  idempotency_key text not null,
  fingerprint text not null,
  storyboard_id text not null references storyboards (id) on delete cascade,
  created_at integer not null,
  primary key (workspace, idempotency_key)
) without rowid;
`;
