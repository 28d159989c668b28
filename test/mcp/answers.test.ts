import { describe, expect, onTestFinished, test } from 'vitest';
import { SoraError } from '../../src/domain/errors.ts';
import { fromUsd } from '../../src/domain/money.ts';
import { TASK_STATES } from '../../src/domain/task.ts';
import { aCharacter, anEstimate, aReport, type ConnectOptions, call, connectMcp, ERAS } from '../helpers/mcp.ts';

async function connect(options: ConnectOptions = {}) {
  const connection = await connectMcp(options);
  onTestFinished(() => connection.close());
  return connection;
}

const CALLS = [
  ['create_character', { name: 'Girl', video_url: 'https://example.com/a.mp4', rights_confirmed: true }],
  ['extract_character', { task_id: 't', name: 'Girl', rights_confirmed: true }],
  ['list_characters', {}],
  ['generate_video', { prompt: 'a' }],
  ['get_task', { task_id: 't' }],
  ['get_task', {}],
  ['estimate_cost', { duration: 10, count: 500 }],
] as const;

function emptyFields(value: unknown, path = ''): string[] {
  if (value === null || value === undefined || value === '') return [path];
  if (typeof value !== 'object') return [];
  const parts = Object.entries(value);
  return parts.length === 0 ? [path] : parts.flatMap(([key, part]) => emptyFields(part, `${path}.${key}`));
}

describe('answers', () => {
  test.each(ERAS.flatMap((era) => CALLS.map(([tool, args]) => [era, tool, args] as const)))(
    '%s client: %s %j has its facts twice and nothing empty',
    async (era, tool, args) => {
      const connection = await connect({ era });
      // With the definitions at hand clients check the answers against the output schemas.
      await connection.client.listTools();
      const answer = await call(connection, tool, args);
      expect(answer.isError).toBe(false);
      expect(JSON.parse(answer.text)).toEqual(answer.data);
      expect(emptyFields(answer.data)).toEqual([]);
    },
  );

  test.each([
    ['create_character', { name: 'Girl', video_url: 'https://example.com/a.mp4', rights_confirmed: true }],
    ['extract_character', { task_id: 't', name: 'Girl', rights_confirmed: true }],
  ] as const)('%s that takes long says what to do next', async (tool, args) => {
    const open = { backend: 'reverse', route: 'reverse', state: 'submitting', createdAt: 0 } as const;
    const unfinished = async () => aCharacter({ bindings: [open] });
    const connection = await connect({ create: unfinished, extract: unfinished });
    const { data, isError } = await call(connection, tool, args);
    expect(isError).toBe(false);
    expect(data).toMatchObject({ character: { bindings: [{ state: 'submitting' }] } });
    expect(data.note).toMatch(/still being made on reverse.*list_characters.*Do not create it again/);
  });

  test('a character, by the names of the issue', async () => {
    const connection = await connect({ create: async () => aCharacter({ description: 'red scarf' }) });
    const { data } = await call(connection, 'create_character', {
      name: 'Coffee Girl',
      file_path: '/tmp/a.mp4',
      start_seconds: 1,
      end_seconds: 3,
      rights_confirmed: true,
    });
    expect(data).toEqual({
      character: {
        id: 'chr_0123456789abcdef',
        handle: 'coffee_girl',
        name: 'Coffee Girl',
        description: 'red scarf',
        source: { video_url: 'https://example.com/girl.mp4' },
        bindings: [{ backend: 'sandbox-reverse', route: 'reverse', remote_id: 'char_1', mention: '@char_1' }],
        created_at: '2026-11-22T12:00:00Z',
      },
    });
    expect(connection.services.calls.create).toEqual([
      expect.objectContaining({ name: 'Coffee Girl', filePath: '/tmp/a.mp4', startSeconds: 1, rightsConfirmed: true }),
    ]);
  });

  test('a new video, by the names of the issue', async () => {
    const connection = await connect();
    const { data } = await call(connection, 'generate_video', { prompt: 'a', aspect_ratio: '16:9', max_cost_usd: 1 });
    expect(data).toEqual({
      task_id: 'task_0123456789abcdefghij',
      status: 'queued',
      backend: 'sandbox-reverse',
      route: 'reverse',
      model: 'sora-2',
      seconds: 10,
      size: '1280x720',
      cost_usd: 0.12,
      reasons: ['It is the cheapest.'],
      next_poll_seconds: 5,
    });
    expect(connection.services.calls.generate).toMatchObject([{ aspectRatio: '16:9', maxCostUsd: 1 }]);
  });

  test('prices for a month and a year', async () => {
    const connection = await connect();
    const { data } = await call(connection, 'estimate_cost', { duration: 10, count: 500 });
    expect(data.quotes).toMatchObject([{ per_video_usd: 0.12, total_usd: 60, monthly_usd: 60, yearly_usd: 720 }]);
    expect(data.recommended).toEqual({ backend: 'sandbox-reverse', why: 'the cheapest' });
    expect(data).not.toHaveProperty('budget');
  });

  test('an unknown price is left out, a limit is shown', async () => {
    const base = anEstimate();
    const quote = { ...base.quotes[0]!, perVideo: undefined, confidence: 'unknown' as const };
    const day = { ...base.spend.day, limit: fromUsd(5), left: fromUsd(3.5) };
    const estimate = anEstimate({ quotes: [quote], spend: { ...base.spend, day } });
    const { data } = await call(await connect({ estimate }), 'estimate_cost', { duration: 10 });
    expect(data.quotes).toEqual([
      expect.not.objectContaining({ per_video_usd: expect.anything(), yearly_usd: expect.anything() }),
    ]);
    expect(data.budget).toMatchObject({ day: { used_usd: 1.5, limit_usd: 5, left_usd: 3.5 } });
  });

  test('an empty catalog and an empty list say what to do', async () => {
    const connection = await connect({ characters: [], tasks: [] });
    expect((await call(connection, 'list_characters')).data).toEqual({
      characters: [],
      hint: expect.stringContaining('create_character'),
    });
    expect((await call(connection, 'list_characters', { query: 'x' })).data.hint).toContain('refresh');
    expect((await call(connection, 'get_task')).data).toEqual({
      tasks: [],
      hint: expect.stringContaining('generate_video'),
    });
  });

  test('the list of tasks says where we were', async () => {
    const tasks = [aReport({ request: { prompt: 'word '.repeat(50), characterIds: [], priority: 'cost' } })];
    const { data } = await call(await connect({ tasks, nextCursor: 'c2' }), 'get_task', {
      status: 'in_progress',
      limit: 3,
    });
    expect(data.next_cursor).toBe('c2');
    expect(data.tasks).toMatchObject([{ task_id: 'task_0123456789abcdefghij', status: 'in_progress', progress: 42 }]);
    const [line] = data.tasks as [{ prompt: string; created_at: string }];
    expect(line.prompt.length).toBeLessThanOrEqual(80);
    expect(line.created_at).toBe('2026-11-22T12:00:00Z');
  });
});

describe('a status answer', () => {
  const URL_AND_FILE = {
    videoUrl: `https://gateway.example.com/v1/videos/${'a'.repeat(300)}`,
    filePath: '/home/user/.local/share/sora-mcp/videos/task_0123456789abcdefghij.mp4',
  };

  test.each(TASK_STATES)('of a task that is %s has at most 250 bytes beyond its addresses', async (state) => {
    const done = state === 'completed' ? { ...URL_AND_FILE, spent: fromUsd(0.1234), charged: 'yes' as const } : {};
    const report = aReport({ state, ...done, backend: 'my-own-gateway-reverse' }, { staleSeconds: 120 });
    const { data } = await call(await connect({ get: async () => report }), 'get_task', { task_id: 't' });
    expect(data.status).toBe(state);
    const { video_url: _url, file_path: _file, ...rest } = data;
    expect(Buffer.byteLength(JSON.stringify(rest))).toBeLessThanOrEqual(250);
  });

  test('links to the saved file', async () => {
    const report = aReport({ state: 'completed', ...URL_AND_FILE, fileBytes: 1234 }, { nextPollSeconds: undefined });
    const { data, content } = await call(await connect({ get: async () => report }), 'get_task', { task_id: 't' });
    expect(data).toMatchObject({ progress: 100, file_path: URL_AND_FILE.filePath, video_url: URL_AND_FILE.videoUrl });
    expect(data).not.toHaveProperty('next_poll_seconds');
    expect(content[1]).toEqual({
      type: 'resource_link',
      uri: `file://${URL_AND_FILE.filePath}`,
      name: 'task_0123456789abcdefghij.mp4',
      mimeType: 'video/mp4',
      size: 1234,
    });
  });

  test('with an unknown outcome never reads as failed or done', async () => {
    const report = aReport({ state: 'unknown', charged: 'unknown', progress: 0 });
    const { data, isError } = await call(await connect({ get: async () => report }), 'get_task', { task_id: 't' });
    expect(isError).toBe(false);
    expect(data).toMatchObject({ status: 'unknown', charged: 'unknown' });
    expect(data).not.toHaveProperty('error');
  });

  test('of a failed task has the reason and what it cost', async () => {
    const error = {
      code: 'moderation_blocked' as const,
      message: 'no violence',
      retryable: false,
      charged: 'no' as const,
    };
    const report = aReport(
      { state: 'failed', charged: 'yes', spent: fromUsd(0.12), error },
      { nextPollSeconds: undefined },
    );
    const { data, isError } = await call(await connect({ get: async () => report }), 'get_task', { task_id: 't' });
    expect(isError).toBe(false);
    expect(data).toMatchObject({
      error: { code: 'moderation_blocked', message: 'no violence' },
      charged: 'yes',
      cost_usd: 0.12,
    });
  });

  test('of a failed task that was not charged has no cost', async () => {
    const report = aReport({ state: 'failed', charged: 'no', quoted: fromUsd(0.4) }, { nextPollSeconds: undefined });
    const { data } = await call(await connect({ get: async () => report }), 'get_task', { task_id: 't' });
    expect(data.cost_usd).toBe(0);
  });

  test('says when the link lapses, while nothing is saved', async () => {
    const facts = {
      state: 'completed' as const,
      videoUrl: 'https://e.com/a',
      videoUrlExpiresAt: Date.UTC(2026, 10, 23),
    };
    const { data } = await call(await connect({ get: async () => aReport(facts) }), 'get_task', { task_id: 't' });
    expect(data.video_url_expires_at).toBe('2026-11-23T00:00:00Z');
  });
});

describe('errors', () => {
  const refusal = new SoraError({
    code: 'budget_exceeded',
    field: 'max_cost_usd',
    message: 'this costs $2',
    hint: 'Make it shorter.',
    retryable: true,
    charged: 'no',
    retryAfterSeconds: 30,
    details: { costUsd: 2, leftToday: { inUsd: 1 }, message: 'cannot replace', nothing: undefined },
  });

  test.each(ERAS)('keep all their facts, in words of the protocol (%s client)', async (era) => {
    const connection = await connect({ era, generate: () => Promise.reject(refusal) });
    await connection.client.listTools();
    const answer = await call(connection, 'generate_video', { prompt: 'a' });
    expect(answer.isError).toBe(true);
    expect(answer.data).toEqual({
      error: {
        code: 'budget_exceeded',
        message: 'this costs $2',
        field: 'max_cost_usd',
        hint: 'Make it shorter.',
        retryable: true,
        charged: 'no',
        retry_after_seconds: 30,
        cost_usd: 2,
        left_today: { in_usd: 1 },
      },
    });
    expect(JSON.parse(answer.text)).toEqual(answer.data);
  });

  test.each(ERAS)('defects are internal, and only the operator hears of them (%s client)', async (era) => {
    const defect = new TypeError('secret\nstate');
    const connection = await connect({ era, generate: () => Promise.reject(defect) });
    await connection.client.listTools();
    const answer = await call(connection, 'generate_video', { prompt: 'a' });
    expect(answer.error).toMatchObject({ code: 'internal', charged: 'unknown', retryable: false });
    expect(JSON.stringify(connection.sent)).not.toMatch(/secret|TypeError|at .*\.ts/);
    expect(connection.logged).toEqual(['generate_video: TypeError: secret state']);
  });

  test('the cause goes to the operator, in one line', async () => {
    const cause = new Error('ECONNREFUSED\n  at somewhere');
    const error = new SoraError({ code: 'backend_unavailable', message: 'nobody answers', cause });
    const connection = await connect({ get: () => Promise.reject(error) });
    const answer = await call(connection, 'get_task', { task_id: 't' });
    expect(answer.text).not.toContain('ECONNREFUSED');
    expect(connection.logged).toHaveLength(1);
    expect(connection.logged[0]).toMatch(
      /^get_task: backend_unavailable: nobody answers \(Error: ECONNREFUSED at .*\)$/,
    );
  });

  test('a store that does not open is an error of the call, not the end', async () => {
    const broken = new SoraError({ code: 'store_unavailable', message: 'the data directory is read-only' });
    const connection = await connect({ deps: { services: () => Promise.reject(broken) } });
    expect((await call(connection, 'list_characters')).error.code).toBe('store_unavailable');
    const { resources } = await connection.client.listResources();
    expect(resources.map(({ uri }) => uri)).toContain('sora://characters');
  });

  test('bad arguments need no store', async () => {
    let opened = 0;
    const services = async () => {
      opened += 1;
      throw new Error('too early');
    };
    const connection = await connect({ deps: { services } });
    await connection.client.listTools();
    await connection.client.listPrompts();
    await call(connection, 'generate_video', {});
    expect(opened).toBe(0);
  });
});
