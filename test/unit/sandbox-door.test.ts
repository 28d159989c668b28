import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readBody } from '../../src/sandbox/wire.ts';
import { startTestSandbox, TEST_KEY, type TestSandbox } from '../helpers/sandbox.ts';

interface Knock {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  /** Sent without ever ending the request. */
  readonly begun?: string;
}

let sandbox: TestSandbox;
beforeEach(async () => {
  sandbox = await startTestSandbox({ key: TEST_KEY });
});
afterEach(() => sandbox.close());

function* chunks(): Generator<Buffer> {
  for (;;) yield Buffer.alloc(1024 * 1024);
}

/** `fetch` lets nobody choose a Host. */
function knock({ method = 'GET', path = '/v1/videos', headers = {}, begun }: Knock) {
  return new Promise<{ status: number; headers: IncomingHttpHeaders }>((resolve, reject) => {
    const request = httpRequest(new URL(path, sandbox.origin), {
      method,
      headers: { authorization: `Bearer ${TEST_KEY}`, ...headers },
    });
    request.on('error', reject).on('response', (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, headers: response.headers });
      request.destroy();
    });
    if (begun === undefined) request.end();
    else request.write(begun);
  });
}

describe('the door of a sandbox', () => {
  it('opens to its own key only', async () => {
    expect((await knock({})).status).toBe(200);
    for (const authorization of ['', 'Bearer sandbox-key', `Bearer ${TEST_KEY}x`, `Bearer ${TEST_KEY.slice(1)}`]) {
      expect((await knock({ headers: { authorization } })).status).toBe(401);
    }
    expect(sandbox.requests()).toHaveLength(1);
  });

  it('opens to no other name of this machine, and to no web page', async () => {
    const { port } = sandbox;
    for (const host of ['evil.example', `evil.example:${port}`, `localhost:${port}`, '127.0.0.1', `127.0.0.1:1`]) {
      expect((await knock({ headers: { host } })).status).toBe(403);
    }
    for (const origin of ['http://evil.example', sandbox.origin, 'null']) {
      expect((await knock({ headers: { origin } })).status).toBe(403);
    }
  });

  it('has no control unless it was asked for, and then one with the key', async () => {
    for (const path of ['/__sandbox/requests', '/__sandbox/jobs']) expect((await knock({ path })).status).toBe(404);
    const controlled = await startTestSandbox({ key: TEST_KEY, control: true });
    expect((await controlled.call('GET', '/__sandbox/requests')).status).toBe(200);
    expect((await fetch(`${controlled.origin}/__sandbox/requests`)).status).toBe(401);
    await controlled.close();
  });

  it('reads no body that is too large, and none of a stranger', async () => {
    const headers = { 'content-type': 'application/json', 'content-length': '50000000' };
    const large = await knock({ method: 'POST', headers, begun: '{' });
    expect(large).toMatchObject({ status: 413, headers: { connection: 'close' } });
    const strange = { ...headers, 'content-length': '1000', authorization: 'Bearer guess' };
    expect((await knock({ method: 'POST', headers: strange, begun: '{' })).status).toBe(401);
    const endless = Object.assign(Readable.from(chunks()), { headers: {} }) as unknown as IncomingMessage;
    await expect(readBody(endless)).rejects.toMatchObject({ status: 413 });
  });

  it('gives a video to whoever has its link, and to nobody who guesses', async () => {
    const { body } = await sandbox.json('POST', '/v1/sora/generate', { prompt: 'rain', duration: 5 });
    sandbox.clock.advance(1_000);
    const { video_url } = (await sandbox.json('GET', `/v1/sora/tasks/${body.task_id}`)).body;
    expect((await fetch(video_url)).status).toBe(200);
    for (const guess of ['', '.', `.${'0'.repeat(24)}`]) {
      expect((await fetch(`${sandbox.origin}/files/${body.task_id}${guess}.mp4`)).status).toBe(403);
    }
  });
});
