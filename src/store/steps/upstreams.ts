/** Which upstream a backend's name stands for in this data directory. */
export const UPSTREAMS = `
create table upstreams (
  id text primary key,
  name text not null,
  host text not null,
  unique (name, host)
) without rowid;`;
