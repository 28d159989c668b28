import { describe, expect, test } from 'vitest';
import type { StoryboardReport } from '../../src/services/services.ts';
import { aBoard, call, ERAS } from '../helpers/mcp.ts';
import { board, connect } from './connected.ts';

describe('storyboards', () => {
  test.each(ERAS)('all scenes at a glance (%s)', async (era) => {
    const { client: _, ...connection } = await connect({ era, ...board(aBoard()) });
    const { data, text, content } = await call({ client: _, ...connection }, 'get_task', { task_id: 'board_1' });
    expect(JSON.parse(text)).toEqual(data);
    expect(data).toMatchObject({
      storyboard_id: 'board_1',
      status: 'making',
      progress: 61,
      backend: 'sandbox-reverse',
      seconds: 30,
      cost_usd: 0.24,
      next_poll_seconds: 5,
    });
    const scenes = data.scenes as Record<string, unknown>[];
    expect(scenes.map(({ prompt: __, ...scene }) => scene)).toEqual([
      {
        scene: 1,
        status: 'completed',
        task_id: 'task_1',
        seconds: 10,
        cost_usd: 0.12,
        file_path: '/data/videos/one.mp4',
      },
      { scene: 2, status: 'in_progress', progress: 42, task_id: 'task_2', seconds: 10, cost_usd: 0.12 },
      {
        scene: 3,
        status: 'failed',
        task_id: 'task_3',
        seconds: 10,
        cost_usd: 0.12,
        error: { code: 'moderation_blocked', message: 'no', hint: 'Change it.' },
      },
    ]);
    for (const { prompt } of scenes) expect(String(prompt).length).toBeLessThanOrEqual(60);
    expect(content).toHaveLength(1);
  });

  test('what scenes wait for is said once', async () => {
    const scenes = [1, 2].map((scene) => ({ scene, prompt: 'p', status: 'reserved' as const, waiting: 'it is full' }));
    const connection = await connect(board(aBoard({ scenes })));
    const { data } = await call(connection, 'get_task', { task_id: 'board_1' });
    expect(data.waiting).toEqual(['scene 1, 2: it is full']);
    expect(data.hint).toContain('redo: true');
  });

  test('50 scenes are a short answer', async () => {
    const [done] = aBoard().scenes;
    const scenes = Array.from({ length: 50 }, (_, at) => ({ ...done!, scene: at + 1 }));
    const connection = await connect(board(aBoard({ scenes, status: 'completed', filmPath: '/data/films/f.mp4' })));
    const { text } = await call(connection, 'get_task', { task_id: 'board_1' });
    expect(Buffer.byteLength(text)).toBeLessThan(50 * 160 + 400);
  });

  test('the film is a link to its file', async () => {
    const filmPath = '/data/films/the harbour-1.mp4';
    const connection = await connect(board(aBoard({ status: 'completed', filmPath, nextPollSeconds: undefined })));
    const { data, content } = await call(connection, 'get_task', { task_id: 'board_1' });
    expect(data).toMatchObject({ status: 'completed', progress: 100, film_path: filmPath });
    expect(content[1]).toEqual({
      type: 'resource_link',
      uri: 'file:///data/films/the%20harbour-1.mp4',
      name: 'the harbour-1.mp4',
      mimeType: 'video/mp4',
    });
  });

  test.each([
    ['a failed scene', {}, 'make_storyboard with only storyboard_id board_1 makes scene 3 again'],
    [
      'a scene that was never made',
      { scenes: [{ scene: 1, prompt: 'p', status: 'planned' as const }] },
      'makes scene 1; give scenes',
    ],
    [
      'clips that do not fit',
      { scenes: aBoard().scenes.slice(0, 1), filmError: 'sizes differ' },
      'The scenes stay as files',
    ],
  ])('%s: says what to do', async (_, facts, words) => {
    const connection = await connect(board(aBoard({ status: 'attention', nextPollSeconds: undefined, ...facts })));
    const { data } = await call(connection, 'get_task', { task_id: 'board_1' });
    expect(data).toMatchObject({ status: 'attention', hint: expect.stringContaining(words) });
  });

  test.each([
    ['is priced', {}, 'Tell the user the price and what notes say'],
    ['would be refused', { refused: true }, 'as it stands make_storyboard without dry_run is refused'],
    ['makes nothing anew', { scenes: aBoard().scenes }, 'it costs nothing'],
  ])('a dry run that %s says what comes next', async (_, facts, words) => {
    const scenes = [{ scene: 1, prompt: 'p', status: 'planned' as const }];
    const report = aBoard({ status: 'planned', scenes, newCost: 0 as never, ...facts });
    const connection = await connect(board(report));
    const { data } = await call(connection, 'make_storyboard', { storyboard_id: 'board_1', dry_run: true });
    expect(data.hint).toContain(words);
  });

  test('every argument reaches the service', async () => {
    const asked: unknown[] = [];
    const make = async (input: unknown) => {
      asked.push(input);
      return aBoard({ newCost: 120_000 as never });
    };
    const connection = await connect({ storyboards: { make } });
    const scenes = [{ scene: 2 }, { prompt: 'new', characters: ['ann'], duration: 8, size: '1280x720', redo: true }];
    const args = {
      storyboard_id: 'board_1',
      title: 'T',
      scenes,
      characters: ['bob'],
      style: 's',
      priority: 'stability',
    };
    const more = { max_cost_usd: 2, dry_run: false, partial: true, confirm: 'token' };
    const { data } = await call(connection, 'make_storyboard', { ...args, ...more });
    expect(asked).toEqual([
      {
        storyboardId: 'board_1',
        title: 'T',
        scenes,
        characters: ['bob'],
        style: 's',
        priority: 'stability',
        maxCostUsd: 2,
        dryRun: false,
        partial: true,
        confirm: 'token',
      },
    ]);
    expect(data).toMatchObject({
      storyboard_id: 'board_1',
      new_cost_usd: 0.12,
      hint: expect.stringContaining('get_task'),
    });
  });

  test('a quote tells the common reasons once', async () => {
    const planned = (scene: number, last: string) => ({
      scene,
      prompt: 'p',
      status: 'planned' as const,
      backend: 'b',
      model: scene === 3 ? 'pro' : 'plain',
      seconds: 4,
      cost: 400_000 as never,
      reasons: ['b makes all 3 scenes for $1.20.', last],
    });
    const scenes = [planned(1, 'x'), planned(2, 'x'), planned(3, 'y')];
    const report = aBoard({
      id: undefined,
      status: 'planned',
      scenes,
      newCost: 1_200_000 as never,
      nextPollSeconds: undefined,
    });
    const { data } = await call(await connect(board(report)), 'make_storyboard', {
      title: 'T',
      scenes: [{ prompt: 'p' }],
      dry_run: true,
    });
    expect(data).toMatchObject({
      status: 'planned',
      backend: 'b',
      new_cost_usd: 1.2,
      hint: expect.stringContaining('without dry_run'),
    });
    expect(data).not.toHaveProperty('storyboard_id');
    expect((data.scenes as object[]).map((scene) => 'reasons' in scene)).toEqual([true, false, true]);
    expect(data.scenes).toMatchObject([{ model: 'plain' }, { model: 'plain' }, { model: 'pro' }]);
  });

  test.each(ERAS)('waiting tells how many are ready (%s)', async (era) => {
    const get = async (_id: string, wait?: { onProgress?: (report: StoryboardReport) => void }) => {
      wait?.onProgress?.(aBoard());
      return aBoard({ status: 'completed' });
    };
    const connection = await connect({ era, storyboards: { get: get as never } });
    const heard: unknown[] = [];
    const request = { name: 'get_task', arguments: { task_id: 'board_1', wait_seconds: 5 } };
    const options = { onprogress: (update: unknown) => heard.push(update) };
    const client = connection.client as unknown as { callTool(...args: unknown[]): Promise<unknown> };
    // The older client has a parameter more.
    await (era === 'v1' ? client.callTool(request, undefined, options) : client.callTool(request, options));
    expect(heard).toMatchObject([{ progress: 61, message: 'board_1 1 of 3 scenes ready' }]);
  });

  test('the list of tasks begins with the latest storyboards', async () => {
    const list = () => ({ storyboards: [aBoard()] });
    const connection = await connect({ storyboards: { list } });
    const { data } = await call(connection, 'get_task');
    expect(data.storyboards).toEqual([
      {
        storyboard_id: 'board_1',
        title: 'The Harbour',
        status: 'making',
        scenes: 3,
        created_at: '2026-11-22T12:00:00Z',
      },
    ]);
    expect((await call(connection, 'get_task', { status: 'failed' })).data).not.toHaveProperty('storyboards');
  });
});
