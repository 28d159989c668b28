import { describe, expect, it } from 'vitest';
import { drained, freshForEach } from './fresh.ts';
import { KEY } from './subject.ts';

const VIDEO = { 'content-type': 'video/mp4', 'content-length': '10' };
const fresh = freshForEach();

describe('a range of the same file', () => {
  const OTHER = Buffer.from('ABCDEFGHIJ');
  const NEWER = 'Sun, 22 Nov 2026 12:00:00 GMT';
  const part = { status: 206, headers: { 'content-type': 'video/mp4', 'content-range': 'bytes 4-9/10' } };

  /** What comes for the rest of a file known by `validator`, from a server that minds If-Range or does not. */
  async function restOf(validator: string, has: Record<string, string>, mindful = true) {
    fresh.home.reply(({ headers }) => {
      const whole =
        headers.range === undefined || (mindful && !Object.values(has).includes(String(headers['if-range'])));
      if (whole) return { headers: { ...VIDEO, ...has }, body: OTHER };
      return { ...part, headers: { ...part.headers, 'content-length': '6', ...has }, body: OTHER.subarray(4) };
    });
    const content = await fresh.backend.openContent({ remoteId: 'v1' }, 'video', { byte: 4, validator });
    return { content, bytes: String(await drained(content)) };
  }

  it.each([
    ['"a"', { etag: '"a"' }],
    [NEWER, { 'last-modified': NEWER }],
    [NEWER, { etag: 'W/"a"', 'last-modified': NEWER }],
  ])('goes on: %s %j', async (validator, has) => {
    const { content, bytes } = await restOf(validator, has);
    expect(content).toMatchObject({ offset: 4, validator });
    expect(bytes).toBe('EFGHIJ');
    expect(fresh.home.requests.map(({ headers }) => headers['if-range'])).toEqual([validator]);
  });

  it.each<[string, Record<string, string>, boolean]>([
    ['another ETag', { etag: '"b"' }, true],
    ['another ETag, of one that does not mind If-Range', { etag: '"b"' }, false],
    ['no ETag any more', {}, false],
  ])('begins anew: %s', async (_, has, mindful) => {
    const { content, bytes } = await restOf('"a"', has, mindful);
    expect(content.offset).toBe(0);
    expect(content.validator).toBe(has.etag);
    expect(bytes).toBe('ABCDEFGHIJ');
    expect(fresh.home.requests).toHaveLength(mindful ? 1 : 2);
  });

  it('has no validator that cannot be kept', async () => {
    for (const etag of ['W/"a"', `"${KEY}"`, `"${'x'.repeat(300)}"`]) {
      fresh.home.reply({ headers: { ...VIDEO, etag }, body: OTHER });
      const content = await fresh.backend.openContent({ remoteId: 'v1' }, 'video', 0);
      expect(content).not.toHaveProperty('validator');
      await drained(content);
    }
  });
});
