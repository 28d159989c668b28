/** Some upstreams make a character by a task of theirs, which is followed until it is ready. */
export const CHARACTER_TASKS = `
alter table bindings add column remote_task_id text;
`;
