import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@modelcontextprotocol/client';
import { expect, test } from 'vitest';
import { PROMPTLY_MS } from '../helpers/promptly.ts';
import { connectTo, serve } from '../helpers/served.ts';
import { type Answer, run, tempDir } from '../helpers/server.ts';

async function call(client: Client, name: string, args: Record<string, unknown> = {}): Promise<Answer> {
  return (await client.callTool({ name, arguments: args })).structuredContent as Answer;
}

async function finish(client: Client, taskId: unknown): Promise<Answer> {
  for (;;) {
    const task = await call(client, 'get_task', { task_id: taskId, wait_seconds: 20 });
    if (task.next_poll_seconds === undefined) return task;
  }
}

const girl = { name: 'Coffee Girl', video_url: 'https://example.invalid/girl.mp4', rights_confirmed: true };

test('the first start makes a token, shows it once and keeps it to its owner; SIGTERM ends with 0', async () => {
  const dir = tempDir();
  const first = await serve(dir);
  const path = join(dir, 'http-token');
  const token = readFileSync(path, 'utf8').trim();
  expect(statSync(path).mode & 0o777).toBe(0o600);
  await expect.poll(first.stderr, { timeout: PROMPTLY_MS }).toContain(token);
  const client = await connectTo(first.url, token);
  const { task_id } = await call(client, 'generate_video', { prompt: 'a fox', duration: 4 });
  const done = await finish(client, task_id);
  const link = String(done.file_url);
  const video = await fetch(link, { headers: { range: 'bytes=4-7' } });
  expect([video.status, await video.text()]).toEqual([206, 'ftyp']);
  expect((await fetch(link.replace(/signature=.*/, 'signature=x'))).status).toBe(401);
  expect((await fetch(`${first.url}/files/${String(task_id)}`)).status).toBe(401);
  first.child.kill('SIGTERM');
  expect(await first.ended).toBe(0);
  const second = await serve(dir);
  expect(second.stderr()).not.toContain(token);
  expect(await call(await connectTo(second.url, token), 'get_task', { task_id })).toMatchObject({
    status: 'completed',
  });
});

test('workspaces share nothing: catalog, tasks, files, resources, completion, budget', async () => {
  const dir = tempDir();
  const config = join(dir, 'config.json');
  const workspaces = [
    { name: 'north', token_env: 'NORTH' },
    { name: 'south', token_env: 'SOUTH', max_usd_per_video: 0.01 },
  ];
  writeFileSync(config, JSON.stringify({ workspaces }));
  const tokens = { NORTH: 'north-token-0123456789', SOUTH: 'south-token-0123456789' };
  const served = await serve(dir, { SORA_CONFIG: config, ...tokens }, ['--log-format', 'json']);
  const [north, south] = [await connectTo(served.url, tokens.NORTH), await connectTo(served.url, tokens.SOUTH)];
  const { character } = (await call(north, 'create_character', girl)) as {
    character: { id: string; bindings: { remote_id: string }[] };
  };
  const { task_id } = await call(north, 'generate_video', { prompt: '@coffee_girl waves', duration: 4 });
  const done = await finish(north, task_id);
  expect(done).toMatchObject({ status: 'completed' });

  expect(await call(south, 'list_characters')).toMatchObject({ characters: [] });
  expect(await call(south, 'get_task')).toMatchObject({ tasks: [] });
  expect(await call(south, 'get_task', { task_id })).toMatchObject({ error: { code: 'not_found' } });
  for (const name of ['coffee_girl', character.id, character.bindings[0]?.remote_id]) {
    const error = await call(south, 'generate_video', { prompt: `@${name} waves` });
    expect(error).toMatchObject({ error: { code: 'unknown_mention' } });
  }
  const extract = { task_id, name: 'Thief', rights_confirmed: true };
  expect(await call(south, 'extract_character', extract)).toMatchObject({ error: { code: 'not_found' } });
  for (const uri of ['sora://characters/coffee_girl', `sora://tasks/${String(task_id)}`]) {
    await expect(south.readResource({ uri })).rejects.toThrow();
  }
  const { completion } = await south.complete({
    ref: { type: 'ref/resource', uri: 'sora://characters/{handle}' },
    argument: { name: 'handle', value: '' },
  });
  expect(completion.values).toEqual([]);
  const headers = { authorization: `Bearer ${tokens.SOUTH}` };
  expect((await fetch(`${served.url}/files/${String(task_id)}`, { headers })).status).toBe(404);
  const own = { authorization: `Bearer ${tokens.NORTH}` };
  expect((await fetch(`${served.url}/files/${String(task_id)}`, { headers: own })).status).toBe(200);
  // Both use one upstream account, which lists the characters of both.
  const refreshed = await call(south, 'list_characters', { refresh: true });
  expect(refreshed).toMatchObject({ characters: [] });
  // The same handle is free over there.
  expect(await call(south, 'create_character', girl)).toMatchObject({ character: { handle: 'coffee_girl' } });

  const lines = served
    .stderr()
    .split('\n')
    .filter((line) => line.includes('"status"'));
  expect(lines.length).toBeGreaterThan(5);
  expect(served.stderr()).not.toMatch(/north-token|south-token|waves/);
});

test('over HTTP no local file is read, and no address inside the network is fetched', async () => {
  const dir = tempDir();
  writeFileSync(join(dir, 'clip.mp4'), 'x');
  const token = 'remote-token-0123456789';
  const served = await serve(dir, { SORA_HTTP_TOKEN: token });
  const client = await connectTo(served.url, token);
  const file = { ...girl, video_url: undefined, file_path: join(dir, 'clip.mp4') };
  expect(await call(client, 'create_character', file)).toMatchObject({ error: { code: 'file_not_allowed' } });
  for (const host of ['127.0.0.1:9', 'localhost:9', '169.254.169.254', '[::1]:9', '10.0.0.1', '0x7f000001']) {
    const inside = { ...girl, video_url: `http://${host}/clip.mp4`, backend: 'sandbox-forwarding' };
    expect(await call(client, 'create_character', inside)).toMatchObject({ error: { code: 'address_not_allowed' } });
  }
  expect(await call(client, 'list_characters')).toMatchObject({ characters: [] });
  expect(existsSync(join(dir, 'http-token'))).toBe(false);
});

test('it refuses to be open to other machines by accident', () => {
  const open = run(['http', '--host', '0.0.0.0']);
  expect(open.status).toBe(2);
  expect(open.stderr).toMatch(/SORA_HTTP_TOKEN[\s\S]*SORA_HTTP_ALLOWED_HOSTS/);
  expect(run(['http', '--port', '70000']).status).toBe(2);
});
