export const MENTIONS =
  'create index bindings_mention on bindings (workspace, mention, character_seq) where mention is not null;';
