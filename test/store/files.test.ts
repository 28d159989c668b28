import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dataDirProblem, defaultDataDir, openDataDir, videoPath } from '../../src/store/files.ts';
import { aTask, tempDir } from './fixtures.ts';

test.each([
  [{}, 'linux', '/home/ann', '/home/ann/.local/share/sora-mcp'],
  [{ XDG_DATA_HOME: '/data' }, 'linux', '/home/ann', '/data/sora-mcp'],
  [{ XDG_DATA_HOME: 'data' }, 'linux', '/home/ann', '/home/ann/.local/share/sora-mcp'],
  [{ XDG_DATA_HOME: '' }, 'freebsd', '/home/ann', '/home/ann/.local/share/sora-mcp'],
  [{ XDG_DATA_HOME: '/data' }, 'darwin', '/Users/ann', '/Users/ann/Library/Application Support/sora-mcp'],
  [
    { LOCALAPPDATA: 'C:\\Users\\ann\\AppData\\Local' },
    'win32',
    'C:\\Users\\ann',
    'C:\\Users\\ann\\AppData\\Local\\sora-mcp',
  ],
  [{}, 'win32', 'C:\\Users\\ann', 'C:\\Users\\ann\\AppData\\Local\\sora-mcp'],
])('with %j on %s the data goes to its place', (env, platform, home, expected) => {
  expect(defaultDataDir(env, platform, home)).toBe(expected);
});

describe('the data folder', () => {
  test('is made for this user only', () => {
    const dir = join(tempDir(), 'a', 'b');
    openDataDir(dir);
    openDataDir(dir);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect(statSync(join(dir, 'videos')).isDirectory()).toBe(true);
  });

  test('that was there keeps its mode', () => {
    const dir = join(tempDir(), 'shared');
    mkdirSync(dir, { mode: 0o755 });
    openDataDir(dir);
    expect(statSync(dir).mode & 0o777).toBe(0o755);
  });

  test('below a file, or a file itself, is refused with what to do', () => {
    const file = join(tempDir(), 'file');
    writeFileSync(file, '');
    for (const path of [file, join(file, 'below')]) {
      expect(() => openDataDir(path)).toThrow(
        expect.objectContaining({ code: 'store_unavailable', hint: expect.stringContaining('SORA_DATA_DIR') }),
      );
    }
  });
});

describe('a video’s name', () => {
  const named = (prompt: string, id = 'task_abcdefghijklmnopqrst') => {
    const task = aTask({ id, createdAt: Date.UTC(2026, 10, 22, 23, 59) });
    return videoPath({ ...task, request: { ...task.request, prompt } });
  };

  test.each([
    ['A fox in the snow', 'videos/2026-11-22-a-fox-in-the-snow-mnopqrst.mp4'],
    ['@coffee_girl  says:\n"hello"', 'videos/2026-11-22-coffee-girl-says-hello-mnopqrst.mp4'],
    ['Ünïcödé ﬁsh', 'videos/2026-11-22-unicode-fish-mnopqrst.mp4'],
    ['I \u2764\ufe0f foxes', 'videos/2026-11-22-i-foxes-mnopqrst.mp4'],
    ['Sun \u2600\ufe0f', 'videos/2026-11-22-sun-mnopqrst.mp4'],
    ['咖啡店', 'videos/2026-11-22-咖啡店-mnopqrst.mp4'],
    ['../../etc/passwd', 'videos/2026-11-22-etc-passwd-mnopqrst.mp4'],
    ['..\\..\\con:', 'videos/2026-11-22-con-mnopqrst.mp4'],
    ['\u0000\u202e%00', 'videos/2026-11-22-00-mnopqrst.mp4'],
    ['!!!', 'videos/2026-11-22-mnopqrst.mp4'],
    ['', 'videos/2026-11-22-mnopqrst.mp4'],
    [
      'one two three four five six seven eight nine ten',
      'videos/2026-11-22-one-two-three-four-five-six-seven-eight-mnopqrst.mp4',
    ],
    ['x'.repeat(500), `videos/2026-11-22-${'x'.repeat(40)}-mnopqrst.mp4`],
  ])('of %j is safe and readable', (prompt, expected) => {
    expect(named(prompt)).toBe(expected);
  });

  test('fits a file system, and an odd id does not leave the folder', () => {
    expect(Buffer.byteLength(named('𠀀'.repeat(500)).slice('videos/'.length))).toBeLessThan(255 - 24);
    expect(named('a', 'task_../../../x')).toBe('videos/2026-11-22-a-taskx.mp4');
  });
});

test('what keeps a data directory from being used is told without making one', () => {
  const dir = tempDir();
  const file = join(dir, 'file');
  writeFileSync(file, '');
  expect(dataDirProblem(join(dir, 'a', 'b'))).toBeUndefined();
  expect(dataDirProblem(dir)).toBeUndefined();
  expect(dataDirProblem(join(file, 'below'))).toMatch(/file is not a folder\. Point SORA_DATA_DIR at a folder\./);
  expect(() => statSync(join(dir, 'a'))).toThrow('ENOENT');
});
