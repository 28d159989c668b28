import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FaultKind } from '../../src/sandbox/faults.ts';
import { startTestSandbox, type TestSandbox } from '../helpers/sandbox.ts';

const VALID = { prompt: 'a fox in the snow', seconds: '4', size: '1280x720' };

let sandbox: TestSandbox;
beforeEach(async () => {
  sandbox = await startTestSandbox();
});
afterEach(() => sandbox.close());

const create = () => sandbox.call('POST', '/v1/videos', VALID);

async function finished(): Promise<string> {
  const { id } = (await (await create()).json()) as { id: string };
  sandbox.clock.advance(1_000);
  return id;
}

describe('faults that store nothing', () => {
  const refusals: readonly (readonly [FaultKind, number, string])[] = [
    ['refuse', 400, 'sentinel_block'],
    ['429', 429, 'rate_limit_exceeded'],
    ['503', 503, 'service_unavailable'],
    ['500', 500, 'server_error'],
  ];
  it.each(refusals)('%s', async (kind, status, code) => {
    sandbox.fault({ on: 'create', kind, retryAfter: 7 });
    const response = await create();
    expect(response.status).toBe(status);
    expect(response.headers.get('retry-after')).toBe('7');
    expect(await response.json()).toMatchObject({ error: { code } });
    expect(sandbox.jobs()).toEqual([]);
    expect((await create()).status).toBe(200);
  });

  it('drop-before', async () => {
    sandbox.fault({ on: 'create', kind: 'drop-before' });
    await expect(create()).rejects.toThrow();
    expect(sandbox.jobs()).toEqual([]);
  });

  it('hang, until the client gives up', async () => {
    sandbox.fault({ on: 'create', kind: 'hang' });
    const left = new AbortController();
    const request = fetch(`${sandbox.baseUrl}/videos`, {
      method: 'POST',
      headers: { authorization: 'Bearer k', 'content-type': 'application/json' },
      body: JSON.stringify(VALID),
      signal: left.signal,
    });
    while (sandbox.requests().length === 0) await new Promise(setImmediate);
    left.abort();
    await expect(request).rejects.toThrow();
    expect(sandbox.jobs()).toEqual([]);
  });
});

describe('faults that spoil the answer to what was done', () => {
  it('drop-after', async () => {
    sandbox.fault({ on: 'create', kind: 'drop-after' });
    await expect(create()).rejects.toThrow();
    expect(sandbox.jobs()).toHaveLength(1);
  });

  it('truncate', async () => {
    sandbox.fault({ on: 'create', kind: 'truncate' });
    const response = await create();
    await expect(response.text()).rejects.toThrow();
    const id = await finished();
    sandbox.fault({ on: 'content', kind: 'truncate' });
    const content = await sandbox.call('GET', `/v1/videos/${id}/content`);
    const promised = Number(content.headers.get('content-length'));
    let got = 0;
    const reading = (async () => {
      for await (const chunk of content.body!) got += chunk.length;
    })();
    await expect(reading).rejects.toThrow();
    expect(got).toBe(Math.floor(promised / 2));
  });

  it('rubbish and a page of HTML', async () => {
    sandbox.fault({ on: 'create', kind: 'rubbish' });
    const rubbish = await create();
    expect([rubbish.status, rubbish.headers.get('content-type')]).toEqual([200, 'application/json']);
    await expect(rubbish.json()).rejects.toThrow();
    sandbox.fault({ on: 'create', kind: 'html' });
    const page = await create();
    expect([page.status, page.headers.get('content-type')]).toEqual([502, 'text/html']);
    sandbox.fault({ on: 'create', kind: 'html', status: 200 });
    expect((await create()).status).toBe(200);
    expect(sandbox.jobs()).toHaveLength(3);
  });

  it('huge-json', async () => {
    sandbox.fault({ on: 'get', kind: 'huge-json' });
    const id = await finished();
    const response = await sandbox.call('GET', `/v1/videos/${id}`);
    expect(Number(response.headers.get('content-length'))).toBeGreaterThan(32_000_000);
    await response.body?.cancel();
  });

  it('other-id and unknown-status', async () => {
    const id = await finished();
    sandbox.fault({ on: 'get', kind: 'other-id' });
    expect((await sandbox.json('GET', `/v1/videos/${id}`)).body.id).toBe(`${id}_other`);
    sandbox.fault({ on: 'get', kind: 'unknown-status' });
    expect((await sandbox.json('GET', `/v1/videos/${id}`)).body.status).toBe('teleporting');
  });

  it('fail-job, from the create or from a look at it', async () => {
    sandbox.fault({ on: 'create', kind: 'fail-job' });
    const doomed = await finished();
    expect((await sandbox.json('GET', `/v1/videos/${doomed}`)).body.status).toBe('failed');
    const fine = await finished();
    sandbox.fault({ on: 'get', kind: 'fail-job' });
    expect((await sandbox.json('GET', `/v1/videos/${fine}`)).body.status).toBe('failed');
  });

  it('expired-link, for bytes and for the link in a task', async () => {
    const id = await finished();
    sandbox.fault({ on: 'content', kind: 'expired-link' });
    expect((await sandbox.call('GET', `/v1/videos/${id}/content`)).status).toBe(410);
    const { body } = await sandbox.json('POST', '/v1/sora/generate', { prompt: 'rain', duration: 5 });
    sandbox.clock.advance(1_000);
    sandbox.fault({ on: 'get', kind: 'expired-link' });
    const lapsed = (await sandbox.json('GET', `/v1/sora/tasks/${body.task_id}`)).body.video_url;
    expect((await fetch(lapsed)).status).toBe(410);
    const fresh = (await sandbox.json('GET', `/v1/sora/tasks/${body.task_id}`)).body.video_url;
    expect((await fetch(fresh)).status).toBe(200);
  });

  it('slow-body: whole in the end', async () => {
    const id = await finished();
    sandbox.fault({ on: 'content', kind: 'slow-body', delayMs: 40 });
    const response = await sandbox.call('GET', `/v1/videos/${id}/content`);
    const bytes = await response.arrayBuffer();
    expect(bytes.byteLength).toBe(Number(response.headers.get('content-length')));
  });
});

describe('how faults are asked for', () => {
  it('as often as said, after as many as said, and until cleared', async () => {
    sandbox.fault({ on: 'create', kind: '500', times: 2, skip: 1 });
    const statuses = [];
    for (let i = 0; i < 4; i++) statuses.push((await create()).status);
    expect(statuses).toEqual([200, 500, 500, 200]);
    sandbox.fault({ on: 'any', kind: '503', times: Number.POSITIVE_INFINITY });
    expect((await sandbox.call('GET', '/v1/models')).status).toBe(503);
    expect((await create()).status).toBe(503);
    sandbox.clearFaults();
    expect((await create()).status).toBe(200);
  });

  it('over HTTP, by another process, where that was allowed', async () => {
    await sandbox.close();
    sandbox = await startTestSandbox({ control: true });
    const asked = await sandbox.json('POST', '/__sandbox/faults', { on: 'create', kind: '429', retryAfter: 3 });
    expect(asked.status).toBe(201);
    expect((await create()).status).toBe(429);
    await create();
    const wrong = await sandbox.json('POST', '/__sandbox/faults', { on: 'create', kind: 'melt' });
    expect([wrong.status, wrong.body.error.message]).toEqual([400, expect.stringContaining('drop-after')]);
    const { body: seen } = await sandbox.json('GET', '/__sandbox/requests');
    expect(seen.requests).toHaveLength(2);
    const { body } = await sandbox.json('GET', '/__sandbox/jobs');
    expect(body.jobs).toMatchObject([{ prompt: VALID.prompt, phase: { status: 'queued' } }]);
    await sandbox.json('POST', '/__sandbox/faults', { on: 'any', kind: '500' });
    await sandbox.json('DELETE', '/__sandbox/faults');
    expect((await create()).status).toBe(200);
  });
});
