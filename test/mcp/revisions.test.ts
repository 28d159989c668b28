import { describe, expect, test } from 'vitest';
import { aReport, call } from '../helpers/mcp.ts';
import { connect } from './connected.ts';

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
