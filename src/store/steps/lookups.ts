/**
 * Whether a backend gave a link; who is bound there and usable (nothing of a row is read); and what a backend's accounts
 * call their characters, without the signs around it and in lower case.
 */
export const LOOKUPS = `
create index tasks_link on tasks (video_url) where video_url is not null;
drop index bindings_page;
create unique index bindings_usable on bindings (workspace, backend, character_seq) where state != 'failed';
create index bindings_called_by_id on bindings (backend, lower(rtrim(ltrim(remote_id, '@{ '), '}')))
  where remote_id is not null;
create index bindings_called_by_mention on bindings (backend, lower(rtrim(ltrim(mention, '@{ '), '}')))
  where mention is not null;
`;
