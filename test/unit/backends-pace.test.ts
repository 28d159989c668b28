import { expect, it } from 'vitest';
import { openContent } from '../../src/backends/content.ts';
import type { RawAnswer } from '../../src/backends/http-port.ts';
import { dialectNamed } from '../../src/backends/registry.ts';
import type { Wire } from '../../src/backends/wire.ts';

const MB = 1_000_000;

/** What a download comes to that brings so many bytes every so often: how it ended, when, and how much of it came. */
async function download(bytes: number, everyMs: number, total: number, diskMs = 0) {
  let now = 0;
  let destroyed = false;
  async function* trickle(): AsyncGenerator<Uint8Array> {
    for (let sent = 0; sent < total; sent += bytes) {
      now += everyMs;
      yield new Uint8Array(bytes);
    }
  }
  const destroy = () => {
    destroyed = true;
  };
  const body = Object.assign(trickle(), { destroy });
  const url = new URL('http://engine.local/v.mp4');
  const answer: RawAnswer = { status: 200, headers: { 'content-type': 'video/mp4' }, url, body };
  const wire = {
    dialect: dialectNamed('openai'),
    baseUrl: new URL('http://engine.local/v1'),
    clock: () => now,
    tell: (text: string) => text,
    http: { open: async () => answer },
  } as unknown as Wire;
  const content = await openContent(wire, { remoteId: 'v' }, 'video', 0);
  let came = 0;
  try {
    for await (const chunk of content.body) {
      came += chunk.length;
      now += diskMs;
    }
    return { came, seconds: now / 1_000, destroyed };
  } catch (error) {
    return { error, came, seconds: now / 1_000, destroyed };
  }
}

it('a download that trickles is cut off after a minute, to be resumed', async () => {
  expect(await download(1, 5_000, MB)).toMatchObject({
    error: { code: 'download_failed', retryable: true, message: expect.stringContaining('too slow') },
    seconds: 60,
    destroyed: true,
  });
  expect(await download(10_000, 20_000, 10 * MB)).toMatchObject({ error: { code: 'download_failed' }, seconds: 60 });
});

it('a slow one goes on for as long as it takes', async () => {
  expect(await download(2_048, 1_000, 100 * 2_048)).toMatchObject({
    came: 100 * 2_048,
    seconds: 100,
    destroyed: false,
  });
});

it('a slow disk and a clock that jumps are not the upstream’s doing', async () => {
  expect(await download(100, 1, 10_000, 60_000)).toMatchObject({ came: 10_000, destroyed: false });
  expect(await download(100_000, 86_400_000, 5 * 100_000)).toMatchObject({ came: 500_000, destroyed: false });
  expect(await download(100, -86_400_000, 10_000)).toMatchObject({ came: 10_000, destroyed: false });
});
