/** What changed lately, for the other processes on the same data directory. */
export const NEWS = `
create index characters_changed on characters (updated_at);
create index bindings_changed on bindings (updated_at);
create index tasks_changed on tasks (updated_at);
create index storyboards_changed on storyboards (updated_at);
`;
