export const POLL_ADVICE = 'alter table tasks add column poll_not_before integer;';
