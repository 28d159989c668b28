import { afterEach, expect, it } from 'vitest';
import { subject } from './subject.ts';
import { startUpstream } from './upstream.ts';

const ended: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

interface Habits {
  readonly jobs: number;
  /** Whatever is asked for. */
  readonly most?: number;
  readonly order?: 'asc' | 'desc';
  readonly saysMore?: boolean;
  readonly mindsAfter?: boolean;
}

/** A list, read to its end as a caller does, by a server with such habits. */
async function readThrough({ jobs, most = 100, order = 'desc', saysMore = false, mindsAfter = true }: Habits) {
  const all = Array.from({ length: jobs }, (_, at) => ({
    id: `v${at}`,
    status: 'queued',
    created_at: 1_758_000_000 + at,
  }));
  if (order === 'desc') all.reverse();
  const upstream = await startUpstream(({ path }) => {
    const query = new URL(path, 'http://x').searchParams;
    const begin = mindsAfter ? all.findIndex(({ id }) => id === query.get('after')) + 1 : 0;
    const end = begin + Math.min(most, Number(query.get('limit')));
    return { body: { data: all.slice(begin, end), ...(saysMore && { has_more: end < all.length }) } };
  });
  const { backend } = subject(upstream.origin);
  ended.push(upstream.close, backend.close);
  const seen = new Set<string>();
  let after: string | undefined;
  for (let page = 0; page < 10; page++) {
    const { videos, after: next } = await backend.listVideos!({ limit: 100, ...(after && { after }) });
    for (const { remoteId } of videos) seen.add(remoteId);
    if (next === undefined) return { seen: seen.size, pages: page + 1 };
    after = next;
  }
  return { seen: seen.size, pages: 'no end' };
}

it.each<[string, Habits, { seen: number; pages: number | 'no end' }]>([
  ['says that there is no more', { jobs: 30, saysMore: true }, { seen: 30, pages: 1 }],
  ['gives few at a time and says so', { jobs: 45, most: 20, saysMore: true }, { seen: 45, pages: 3 }],
  ['gives few at a time and does not say so', { jobs: 45, most: 20 }, { seen: 45, pages: 4 }],
  ['gives the oldest first', { jobs: 150, order: 'asc', saysMore: true }, { seen: 150, pages: 2 }],
  ['has nothing', { jobs: 0 }, { seen: 0, pages: 1 }],
  ['always gives the same', { jobs: 30, mindsAfter: false }, { seen: 30, pages: 2 }],
  [
    'promises more and always gives the same',
    { jobs: 30, most: 20, saysMore: true, mindsAfter: false },
    { seen: 20, pages: 'no end' },
  ],
])('the list of an upstream that %s', async (_, habits, expected) => {
  expect(await readThrough(habits)).toEqual(expected);
});

it('an empty page that promises more is not the end', async () => {
  const upstream = await startUpstream({ body: { data: [], has_more: true } });
  const { backend } = subject(upstream.origin);
  ended.push(upstream.close, backend.close);
  expect(await backend.listVideos!({ limit: 100, after: 'v1' })).toEqual({ videos: [], after: 'v1' });
});

it('an entry without a status is told as such, for the job to be asked for by itself', async () => {
  const data = [{ id: 'v1' }, { id: 'v2', status: 'completed' }];
  const upstream = await startUpstream({ body: { data } });
  const { backend } = subject(upstream.origin);
  ended.push(upstream.close, backend.close);
  const { videos } = await backend.listVideos!({ limit: 100 });
  expect(videos).toMatchObject([{ remoteId: 'v1', stateUntold: true }, { remoteId: 'v2' }]);
  expect(videos[1]).not.toHaveProperty('stateUntold');
});
