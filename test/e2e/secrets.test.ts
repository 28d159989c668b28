import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { bundleServer, eventually, openScene } from '../helpers/crash.ts';

let bundle: Awaited<ReturnType<typeof bundleServer>>;
beforeAll(async () => {
  bundle = await bundleServer();
});
afterAll(() => bundle.remove());

const KEYS = {
  forwarding: 'sk-proj-Q7vT2mZx9LrB4nKd8WcY1hJf6GsAeUpR',
  reverse: 'rv_5b1e0c7a-93df+4c2e/8f66=a0d4c3b2e1f9',
} as const;

/** The ways in which a key may be spelt. */
const FORMS = Object.values(KEYS).flatMap((key) => [
  key,
  encodeURIComponent(key),
  Buffer.from(key).toString('base64'),
  Buffer.from(key).toString('hex'),
  JSON.stringify(key).slice(1, -1),
]);

/** An upstream that says back what it was sent, in every place where it can. */
async function startEcho(): Promise<{ server: Server; url: string; seen: () => number }> {
  let seen = 0;
  let posts = 0;
  const server = createServer((request, response) => {
    const auth = String(request.headers.authorization);
    const key = auth.replace(/^Bearer /, '');
    seen += 1;
    const turn = request.method === 'POST' ? posts++ % 7 : 0;
    request.resume();
    request.on('end', () => {
      const json = (status: number, body: unknown) =>
        response
          .writeHead(status, { 'content-type': 'application/json', location: `/x?key=${key}` })
          .end(JSON.stringify(body));
      if (request.method === 'GET' && request.url?.includes('/tasks/')) {
        const link = `http://${request.headers.host}/file.mp4?token=${encodeURIComponent(key)}`;
        return json(200, { status: 'completed', video_url: link, note: `bad ${key}` });
      }
      if (request.method === 'GET') return json(404, { error: { message: `nothing here for ${auth}`, code: key } });
      if (turn === 0) return json(401, { error: { message: `Incorrect API key provided: ${key}`, code: key } });
      if (turn === 1) return json(400, { message: `headers were ${JSON.stringify(request.headers)}` });
      if (turn === 2) return response.writeHead(500, { 'content-type': 'text/html' }).end(`<html>${auth}</html>`);
      if (turn === 3) return response.writeHead(403, { 'content-type': 'text/plain' }).end(`no: ${auth}`);
      if (turn === 4) return json(302, { error: auth });
      return json(200, { task_id: `task_1`, status: 'queued', note: key, error: null });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { server, url: `http://127.0.0.1:${port}/v1`, seen: () => seen };
}

function everyByte(dir: string): Buffer {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Buffer.concat(files.map((file) => readFileSync(join(file.parentPath, file.name))));
}

test('no key is in any byte of stdout, stderr, the database or the data directory', async () => {
  const scene = await openScene(bundle.file, { key: KEYS.forwarding });
  onTestFinished(() => scene.close());
  const echo = await startEcho();
  onTestFinished(() => void echo.server.close());
  const env = {
    SORA_BASE_URL: '',
    SORA_API_KEY: '',
    SORA_FORWARDING_BASE_URL: scene.sandbox.baseUrl,
    SORA_FORWARDING_API_KEY: KEYS.forwarding,
    SORA_REVERSE_BASE_URL: echo.url,
    SORA_REVERSE_API_KEY: KEYS.reverse,
  };
  const app = await scene.start({ leaseMs: 5_000 }, env);
  const good = await app.call('generate_video', { prompt: 'a fox', backend: 'forwarding' });
  expect(good).toMatchObject({ ok: true });
  for (let turn = 0; turn < 12; turn++) {
    await app.call('generate_video', { prompt: `a hen ${turn}`, backend: 'reverse' });
    await app.call('create_character', {
      name: `Girl ${turn}`,
      video_url: 'https://example.invalid/a.mp4',
      backend: 'reverse',
      rights_confirmed: true,
    });
  }
  await app.call('list_characters', { refresh: true });
  await app.call('get_task', {});
  await eventually(async () => {
    const { data } = await app.call('get_task', { task_id: good.data.task_id });
    return data.file_path !== undefined;
  });
  await eventually(() => scene.look((store) => store.tasks.latest('local', 20)).some((task) => task.saveAttempts > 0));
  await app.leave();

  // A key that is wrong, at an upstream that says which one it was given.
  const wrong = await scene.start({}, { ...env, SORA_FORWARDING_API_KEY: KEYS.reverse });
  expect((await wrong.call('generate_video', { prompt: 'an owl', backend: 'forwarding' })).error).toMatchObject({
    code: 'auth_failed',
  });
  // In a place where it does not belong.
  const misplaced = await scene
    .start({}, { ...env, SORA_REVERSE_BASE_URL: `not a url ${KEYS.reverse}` })
    .catch(() => undefined);
  expect(misplaced).toBeUndefined();
  await wrong.kill();

  expect(echo.seen()).toBeGreaterThan(14);
  const told = [app.stdout(), Buffer.from(app.stderr()), wrong.stdout(), Buffer.from(wrong.stderr())];
  const all = Buffer.concat([...told, everyByte(scene.dataDir)]);
  expect(all.length).toBeGreaterThan(50_000);
  for (const form of FORMS) expect(all.includes(form), form.slice(0, 6)).toBe(false);
});
