import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { inspectClip } from '../../src/media/clip.ts';
import { cleanEnv, MAIN, tempDir } from '../helpers/server.ts';

/** Runs a demo; with `lines`, its output is closed after so many. */
function demo(args: readonly string[], dir: string, lines = Number.POSITIVE_INFINITY) {
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    const child = spawn(process.execPath, [MAIN, 'demo', ...args], { env: cleanEnv(dir), cwd: dir });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      if (stdout.split('\n').length > lines) child.stdout.destroy();
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    // At its exit some of its output may still be on the way.
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

describe('demo storyboard', () => {
  test('makes a film of three scenes, shows each, revises one and prints the file', async () => {
    const dir = tempDir();
    const { code, stdout, stderr } = await demo(['storyboard'], dir);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('create_character  @coffee_girl');
    expect(stdout).toMatch(/quote: 3 scenes, 16 s on sandbox-forwarding, \$0/);
    for (const scene of [1, 2, 3]) expect(stdout).toMatch(new RegExp(`scene ${scene} +\\[█+\\] 100% completed`));
    expect(stdout).toMatch(/still of scene 2: image\/\w+, \d+ KB/);
    expect(stdout).toMatch(/scene 2 +\[█+\] 100% remix/);
    const path = /^film +(.*\.mp4)$/m.exec(stdout)?.[1] ?? '';
    expect(existsSync(path)).toBe(true);
    expect(await inspectClip(path)).toMatchObject({ seconds: 16, width: 1280, height: 720 });
    // Without a terminal no line is drawn over.
    expect(stdout).not.toContain('\u001b');
  }, 120_000);

  test.each([['storyboard'], []])(
    'ends quietly when nobody reads on (demo %s)',
    async (...args) => {
      const { code, stderr } = await demo(args, tempDir(), 1);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    },
    60_000,
  );
});
