import { describe, expect, test } from 'vitest';
import { aBoard, ERAS } from '../helpers/mcp.ts';
import { until } from '../helpers/promptly.ts';
import { board, connect } from './connected.ts';

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
