import { describe, expect, test } from 'vitest';
import { aBoard, aReport, call, connectMcp } from '../helpers/mcp.ts';

const fileLink = (id: string) => `https://video.example/files/${id}`;
const url = (id: unknown) => fileLink(String(id));

type Json = Record<string, unknown>;

async function elsewhere() {
  const made = aReport({ state: 'completed', filePath: '/data/clip.mp4' });
  const scene = { scene: 1, status: 'completed', prompt: 'a', seconds: 4, size: '1280x720', task: made.task } as const;
  const board = aBoard({ filmPath: undefined, status: 'attention', scenes: [scene] });
  const film = aBoard({ filmPath: '/data/film.mp4', status: 'completed', scenes: [scene] });
  const connection = await connectMcp({
    tasks: [made, aReport({ state: 'queued', filePath: undefined })],
    get: async () => made,
    storyboards: {
      get: async (id) => (id === 'board_film' ? film : board),
      list: () => ({ storyboards: [film, board] }),
    },
    deps: { fileLink },
  });
  const read = async (uri: string) => {
    const { contents } = await connection.client.readResource({ uri });
    return JSON.parse((contents[0] as { text: string }).text) as Json;
  };
  return { connection, read, task: made.task.id, film: film.id, board: board.id };
}

describe('a caller elsewhere gets an address wherever it gets a path', () => {
  test('of a task, alone, in the list and as a resource', async () => {
    const { connection, read, task } = await elsewhere();
    const one = { file_path: '/data/clip.mp4', file_url: url(task) };
    expect((await call(connection, 'get_task', { task_id: task })).data).toMatchObject(one);
    const { tasks, storyboards } = (await call(connection, 'get_task')).data as { tasks: Json[]; storyboards: Json[] };
    expect(tasks[0]).toMatchObject(one);
    expect(tasks[1]).not.toHaveProperty('file_url');
    expect(storyboards.map(({ file_url }) => file_url !== undefined)).toEqual([true, false]);
    expect(await read(`sora://tasks/${task}`)).toMatchObject(one);
  });

  test('of a film, and of its scenes where they are told', async () => {
    const { connection, read, task, film, board } = await elsewhere();
    const whole = (await call(connection, 'get_task', { task_id: 'board_film' })).data;
    expect(whole).toMatchObject({ film_path: '/data/film.mp4', file_url: url(film), scenes: [{ task_id: task }] });
    expect(JSON.stringify(whole.scenes)).not.toContain('file_');
    const parts = (await call(connection, 'get_task', { task_id: 'board_parts' })).data;
    expect(parts).toMatchObject({ storyboard_id: board, scenes: [{ file_url: url(task) }] });
    expect(parts).not.toHaveProperty('file_url');
    expect(await read('sora://storyboards/board_film')).toMatchObject({
      file_url: url(film),
      scenes: [{ file_path: '/data/clip.mp4', file_url: url(task) }],
    });
    expect(await read('sora://storyboards')).toMatchObject({ storyboards: [{ file_url: url(film) }, {}] });
  });

  test('an upstream that gives no address leaves none out: the saved file has one, in the answer about it alone', async () => {
    const bare = { state: 'completed', filePath: '/data/a clip.mp4', videoUrl: undefined } as const;
    const asked = async (deps: object, task: object = bare) => {
      const connection = await connectMcp({ tasks: [aReport(bare)], get: async () => aReport(task), deps });
      const { data } = await call(connection, 'get_task', { task_id: 'task_1' });
      const { tasks } = (await call(connection, 'get_task')).data as { tasks: Json[] };
      expect(tasks[0]).not.toHaveProperty('video_url');
      return data.video_url;
    };
    expect(await asked({})).toBe('file:///data/a%20clip.mp4');
    expect(await asked({ fileLink })).toBe(url(aReport(bare).task.id));
    const sandbox = { ...bare, videoUrl: 'http://127.0.0.1:39953/files/a.mp4' };
    expect(await asked({ fileLink }, sandbox)).toBe(url(aReport(bare).task.id));
    expect(await asked({}, sandbox)).toBe(sandbox.videoUrl);
    const { connection } = await elsewhere();
    expect((await call(connection, 'get_task', { task_id: 'task_1' })).data.video_url).toMatch(/^https/);
  });

  test('and is told so in the instructions; one on this machine gets paths alone', async () => {
    const { connection } = await elsewhere();
    expect(connection.client.getInstructions()).toMatch(/file_url is the saved video.*file_url is the joined film/s);
    expect(connection.client.getInstructions()).not.toMatch(/file_path|film_path/);
    const here = await connectMcp({ tasks: [aReport({ state: 'completed', filePath: '/data/clip.mp4' })] });
    expect(here.client.getInstructions()).toMatch(/file_path is the saved video.*film_path is the joined film/s);
    expect((await call(here, 'get_task')).text).not.toContain('file_url');
  });
});
