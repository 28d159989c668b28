import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { installed, probe } from '../helpers/media.ts';
import { playInChromium } from '../helpers/player.ts';
import { type Answer, type Connected, connect, tempDir } from '../helpers/server.ts';

interface Scene {
  readonly scene: number;
  readonly status: string;
  readonly task_id?: string;
  readonly error?: { readonly code: string; readonly hint: string };
  readonly mode?: string;
  readonly parent_id?: string;
}

function scenesOf(board: Answer): readonly Scene[] {
  return board.scenes as Scene[];
}

/** Waits until nothing more comes of the storyboard. */
async function settle(server: Connected, id: string): Promise<Answer> {
  for (let turn = 0; turn < 12; turn++) {
    const board = await server.call('get_task', { task_id: id, wait_seconds: 20 });
    if (board.status !== 'making') return board;
  }
  throw new Error(`${id} does not end:\n${server.stderr()}`);
}

/** Of a create that a kill cuts off nobody knows for minutes whether it arrived. */
async function allSent(server: Connected, id: string): Promise<void> {
  for (;;) {
    const board = await server.call('get_task', { task_id: id, wait_seconds: 1 });
    if (scenesOf(board).every(({ status }) => status !== 'reserved' && status !== 'submitting')) return;
  }
}

/** As a power cut would. */
async function kill(server: Connected): Promise<void> {
  const { pid } = server.client.transport as StdioClientTransport;
  const gone = new Promise<void>((resolve) => {
    server.client.onclose = resolve;
  });
  process.kill(pid!, 'SIGKILL');
  await gone;
}

/** A priced upstream outside of the server; jobs take no time to speak of. */
async function upstream(dir: string, limits: object = {}): Promise<{ sandbox: Sandbox; env: Record<string, string> }> {
  const sandbox = await startSandbox({ jobMs: 200, key: 'sk-studio-key-0001' });
  onTestFinished(() => sandbox.close());
  const path = join(dir, 'config.json');
  const backend = {
    id: 'studio',
    route: 'forwarding',
    dialect: 'openai',
    base_url: sandbox.baseUrl,
    api_key_env: 'KEY',
  };
  const quick = { min_poll_seconds: 0.2, usual_job_seconds: 1, ...limits };
  writeFileSync(path, JSON.stringify({ backends: [{ ...backend, limits: quick }] }));
  return { sandbox, env: { SORA_CONFIG: path, KEY: 'sk-studio-key-0001' } };
}

const today = () => new Date().toISOString().slice(0, 10);
const creates = (sandbox: Sandbox) => sandbox.requests().filter(({ operation }) => operation === 'create');

describe('a storyboard over stdio', () => {
  test('one scene fails once, one is revised, the process is killed twice: the film comes out', async () => {
    const dir = tempDir();
    const first = await connect(dir);
    const made = await first.call('make_storyboard', {
      title: 'Harbour at Dawn',
      style: 'Hand-drawn.',
      scenes: [
        { prompt: 'a boat leaves', duration: 4 },
        { prompt: 'a wave breaks [fail-once]', duration: 8, size: '1280x720' },
        { prompt: 'a gull follows', duration: 4 },
      ],
    });
    const id = String(made.storyboard_id);
    expect(made).toMatchObject({ status: 'making', seconds: 16, new_cost_usd: 0 });
    await allSent(first, id);
    await kill(first);

    const second = await connect(dir);
    const stuck = await settle(second, id);
    expect(stuck.status).toBe('attention');
    expect(scenesOf(stuck).map(({ status }) => status)).toEqual(['completed', 'failed', 'completed']);
    expect(scenesOf(stuck)[1]?.error).toMatchObject({
      code: 'moderation_blocked',
      hint: expect.stringMatching(/Change/),
    });
    expect(stuck.hint).toContain(`make_storyboard with only storyboard_id ${id} makes scene 2 again`);
    await second.call('make_storyboard', { storyboard_id: id });
    const third = scenesOf(stuck)[2]!;
    const revision = await second.call('revise_video', {
      task_id: third.task_id,
      mode: 'remix',
      prompt: 'a gull follows, in the rain',
    });
    expect(revision).toMatchObject({ parent_id: third.task_id, storyboard_id: id });
    await allSent(second, id);
    await kill(second);

    const last = await connect(dir);
    const film = await settle(last, id);
    expect(film).toMatchObject({ status: 'completed', seconds: 16, backend: 'sandbox-forwarding' });
    expect(scenesOf(film)[2]).toMatchObject({ task_id: revision.task_id, mode: 'remix', parent_id: third.task_id });
    const jobs = await last.call('get_task', { limit: 50 });
    expect(jobs.tasks).toHaveLength(5);
    expect(jobs.storyboards).toMatchObject([{ storyboard_id: id, film_path: film.film_path }]);

    const path = String(film.film_path);
    expect(path).toMatch(new RegExp(`^${dir}/films/harbour-at-dawn-[0-9a-f]{8}\\.mp4$`));
    const answer = await last.client.callTool({ name: 'get_task', arguments: { task_id: id } });
    const link = answer.content[1] as { uri: string; name: string; mimeType: string };
    expect(link).toMatchObject({ type: 'resource_link', mimeType: 'video/mp4', name: path.split('/').at(-1) });
    expect(fileURLToPath(link.uri)).toBe(path);
    const { contents } = await last.client.readResource({ uri: `sora://storyboards/${id}` });
    expect(JSON.parse((contents[0] as { text: string }).text)).toMatchObject({ style: 'Hand-drawn.', film_path: path });

    const picture = await last.client.callTool({
      name: 'get_task',
      arguments: { task_id: scenesOf(film)[0]?.task_id, include_still: true },
    });
    const image = picture.content.find((part) => part.type === 'image')!;
    expect(Buffer.from(image.data, 'base64').length).toBeLessThanOrEqual(60 * 1024);

    if (installed('ffprobe')) {
      const probed = await probe(await readFile(path));
      expect(probed).toMatchObject({ codec: 'h264', width: 1280, height: 720, complaints: '' });
      expect(probed.seconds).toBeCloseTo(16, 1);
    }
    if (installed('chromium')) {
      const played = await playInChromium(path);
      expect(played).toMatchObject({ width: 1280, height: 720 });
      expect(played.seconds).toBeCloseTo(16, 1);
    }
  }, 180_000);

  test('a quote sends nothing; a budget covers all, some or none', async () => {
    const dir = tempDir();
    const { sandbox, env } = await upstream(dir);
    const server = await connect(dir, env);
    const scenes = ['one', 'two', 'three'].map((prompt) => ({ prompt }));
    const plan = await server.call('make_storyboard', { title: 'T', scenes, dry_run: true, max_cost_usd: 1 });
    expect(plan).toMatchObject({ status: 'planned', new_cost_usd: 1.2, backend: 'studio', seconds: 12 });
    expect(plan.notes).toEqual(['not covered: scene 3; max_cost_usd is $1; refused whole without partial: true']);
    const refused = await server.fail('make_storyboard', { title: 'T', scenes, max_cost_usd: 1 });
    expect(refused).toMatchObject({
      code: 'budget_exceeded',
      field: 'max_cost_usd',
      charged: 'no',
      cost_usd: 1.2,
      covered_scenes: 2,
    });
    expect(sandbox.requests()).toEqual([]);
    expect(await server.call('get_task')).toEqual({ tasks: [], hint: expect.stringContaining('No videos yet') });
    const some = await server.call('make_storyboard', { title: 'T', scenes, max_cost_usd: 1, partial: true });
    expect(some).toMatchObject({ new_cost_usd: 0.8, notes: ['left out: scene 3; max_cost_usd is $1'] });
    const stopped = await settle(server, String(some.storyboard_id));
    expect(scenesOf(stopped).map(({ status }) => status)).toEqual(['completed', 'completed', 'planned']);
    expect(creates(sandbox)).toHaveLength(2);
    const rest = await server.call('make_storyboard', { storyboard_id: some.storyboard_id, max_cost_usd: 0.4 });
    expect(rest).toMatchObject({ new_cost_usd: 0.4, cost_usd: 1.2 });
    const done = await settle(server, String(some.storyboard_id));
    expect(done).toMatchObject({ status: 'completed', cost_usd: 1.2 });
    expect(creates(sandbox)).toHaveLength(3);
  }, 120_000);

  test('50 scenes keep to the budget', async () => {
    const dir = tempDir();
    const day = today();
    const { sandbox, env } = await upstream(dir, { creates_per_minute: 60 });
    const server = await connect(dir, { ...env, SORA_BUDGET_USD_DAY: '20' });
    const scenes = Array.from({ length: 50 }, (_, at) => ({ prompt: `shot ${at + 1}` }));
    const made = await server.call('make_storyboard', { title: 'Fifty', scenes });
    expect(made).toMatchObject({ new_cost_usd: 20 });
    const more = await server.fail('make_storyboard', { title: 'One more', scenes: [{ prompt: 'x' }] });
    expect(more).toMatchObject({ code: 'budget_exceeded', left_usd: 0 });
    const done = await settle(server, String(made.storyboard_id));
    expect(done).toMatchObject({ status: 'completed', cost_usd: 20, seconds: 200 });
    const sent = creates(sandbox);
    expect(sent).toHaveLength(50);
    expect(new Set(sent.map(({ headers }) => headers['idempotency-key'])).size).toBe(50);
    const { contents } = await server.client.readResource({ uri: 'sora://spend' });
    const spend = JSON.parse((contents[0] as { text: string }).text);
    const spent = (spend.by_day as { spent_usd: number }[]).map(({ spent_usd }) => spent_usd);
    expect(spent.reduce((sum, each) => sum + each, 0)).toBeCloseTo(20);
    // Midnight gives new money.
    if (day === today()) expect(spend).toMatchObject({ day: { used_usd: 20, left_usd: 0 } });
  }, 180_000);
});
