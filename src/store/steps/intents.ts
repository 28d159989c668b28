/**
 * The source that a character is made anew from waits with the intent until something comes of it; and what has been held
 * for long is found by its age.
 */
export const INTENTS = `
alter table bindings add column source_json text;
create index holds_age on holds (created_at);
`;
