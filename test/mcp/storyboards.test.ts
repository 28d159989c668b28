import { describe, expect, onTestFinished, test } from 'vitest';
import type { StoryboardReport } from '../../src/services/services.ts';
import { aBoard, aReport, type ConnectOptions, call, connectMcp, ERAS } from '../helpers/mcp.ts';
import { until } from '../helpers/promptly.ts';

async function connect(options: ConnectOptions = {}) {
  const connection = await connectMcp(options);
  onTestFinished(() => connection.close());
  await connection.client.listTools();
  return connection;
}

function board(report: StoryboardReport, more: ConnectOptions['storyboards'] = {}): ConnectOptions {
  return { storyboards: { get: async () => report, make: async () => report, ...more } };
}

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

describe('revisions and stills', () => {
  test('a job that was not sent yet says what it waits for', async () => {
    const report = aReport({ state: 'reserved' }, { waiting: 'it is full' });
    const connection = await connect({ get: async () => report });
    expect((await call(connection, 'get_task', { task_id: 't' })).data.waiting).toBe('it is full');
  });

  test('a revision shows where it comes from', async () => {
    const connection = await connect();
    const args = {
      task_id: 't',
      mode: 'extend',
      prompt: 'on',
      seconds: 4,
      max_cost_usd: 1,
      idempotency_key: 'k',
      confirm: 'c',
    };
    const { data } = await call(connection, 'revise_video', args);
    expect(data).toMatchObject({ task_id: 'task_0123456789abcdefghij', parent_id: 'task_parent' });
    expect(connection.services.calls.revise).toEqual([
      { taskId: 't', mode: 'extend', prompt: 'on', seconds: 4, maxCostUsd: 1, idempotencyKey: 'k', confirm: 'c' },
    ]);
  });

  test('a still is a picture besides the answer', async () => {
    const done = aReport({ state: 'completed', filePath: '/data/a.mp4' }, { nextPollSeconds: undefined });
    const still = async () => ({ mimeType: 'image/jpeg', data: Uint8Array.of(1, 2, 3) });
    const connection = await connect({ get: async () => done, still });
    const { data, content } = await call(connection, 'get_task', { task_id: 't', include_still: true });
    expect(content[1]).toEqual({ type: 'image', mimeType: 'image/jpeg', data: 'AQID' });
    expect(data).not.toHaveProperty('still');
    expect((await call(connection, 'get_task', { task_id: 't' })).content).toHaveLength(2);
  });

  test.each([
    ['completed', 'none: sandbox-reverse gives no picture of it'],
    ['failed', 'none: the task is failed'],
    ['in_progress', 'none yet: the task is in_progress'],
  ] as const)('without one a %s task says why', async (state, words) => {
    const connection = await connect({ get: async () => aReport({ state }) });
    const { data } = await call(connection, 'get_task', { task_id: 't', include_still: true });
    expect(data.still).toBe(words);
  });
});

describe('storyboard resources', () => {
  test.each(ERAS)('are read and completed (%s)', async (era) => {
    const list = () => ({ storyboards: [aBoard()] });
    const { client } = await connect({ era, ...board(aBoard(), { list }) });
    const read = async (uri: string) => {
      const { contents } = await client.readResource({ uri });
      return JSON.parse((contents[0] as { text: string }).text);
    };
    expect(await read('sora://storyboards')).toMatchObject({ storyboards: [{ storyboard_id: 'board_1', scenes: 3 }] });
    const whole = await read('sora://storyboards/board_1');
    expect(whole).toMatchObject({ style: 'Shot on film.', created_at: '2026-11-22T12:00:00Z' });
    expect(whole.scenes[0]).toMatchObject({ backend: 'sandbox-reverse', file_path: '/data/videos/one.mp4' });
    expect(whole.scenes[0].prompt.length).toBeGreaterThan(100);
    const ref = { type: 'ref/resource' as const, uri: 'sora://storyboards/{id}' };
    const { completion } = await client.complete({ ref, argument: { name: 'id', value: 'bo' } });
    expect(completion.values).toEqual(['board_1']);
  });

  test('an empty list says what to do', async () => {
    const { client } = await connect();
    const { contents } = await client.readResource({ uri: 'sora://storyboards' });
    expect((contents[0] as { text: string }).text).toContain('make_storyboard makes one');
  });

  test('hear of their scenes', async () => {
    const ofTask = (id: string) => (id === 'task_1' ? 'board_1' : undefined);
    const connection = await connect({ storyboards: { ofTask } });
    await connection.client.subscribeResource({ uri: 'sora://storyboards/board_1' });
    await connection.client.subscribeResource({ uri: 'sora://storyboards/last' });
    await until(() => connection.services.listeners() === 1);
    connection.services.emit({ kind: 'task', taskId: 'task_1' });
    connection.services.emit({ kind: 'task', taskId: 'task_9' });
    connection.services.emit({ kind: 'storyboard', storyboardId: 'board_1' });
    connection.services.emit({ kind: 'storyboard', storyboardId: 'last' });
    const updates = () =>
      connection.sent.flatMap((message) =>
        'method' in message && message.method.endsWith('resources/updated') ? [message.params?.uri] : [],
      );
    await until(() => updates().includes('sora://storyboards/last'));
    expect(updates()).toEqual(['sora://storyboards/board_1', 'sora://storyboards/board_1', 'sora://storyboards/last']);
  });
});
