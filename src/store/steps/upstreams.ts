/** Which upstream a backend's name stands for in this data directory. */
export const UPSTREAMS = `
create table upstreams (
  id text primary key,
  name text not null,
  origin text not null,
  unique (name, origin)
) without rowid;`;
