import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { inspectClip } from '../../src/media/clip.ts';
import { type Connected, connect, openServer, tempDir } from '../helpers/server.ts';

let server: Connected;
let dir: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sora-mcp-test-'));
  writeFileSync(join(dir, 'page.mp4'), '<html>not a video</html>');
  writeFileSync(join(dir, 'empty.mp4'), '');
  symlinkSync('/etc/passwd', join(dir, 'link.mp4'));
  server = await openServer(dir);
  await server.call('create_character', {
    name: 'Coffee Girl',
    video_url: 'https://example.invalid/a.mp4',
    rights_confirmed: true,
  });
  return async () => {
    await server.close();
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  };
});

const clip = { name: 'New', video_url: 'https://example.com/n.mp4', rights_confirmed: true };

describe('refused with the field and what would be right; nothing is sent or stored', () => {
  test.each<[string, Record<string, unknown>, string, string | undefined]>([
    ['generate_video', {}, 'invalid_argument', 'prompt'],
    ['generate_video', { prompt: '' }, 'invalid_argument', 'prompt'],
    ['generate_video', { prompt: '   \n ' }, 'invalid_argument', 'prompt'],
    ['generate_video', { prompt: 7 }, 'invalid_argument', 'prompt'],
    ['generate_video', { prompt: 'x'.repeat(33_000) }, 'invalid_argument', 'prompt'],
    ['generate_video', { prompt: 'a', duration: -4 }, 'invalid_argument', 'duration'],
    ['generate_video', { prompt: 'a', duration: 0 }, 'invalid_argument', 'duration'],
    ['generate_video', { prompt: 'a', duration: '8' }, 'invalid_argument', 'duration'],
    ['generate_video', { prompt: 'a', duration: 1e9 }, 'invalid_argument', 'duration'],
    ['generate_video', { prompt: 'a', duration: 601 }, 'invalid_argument', 'duration'],
    ['generate_video', { prompt: 'a', duration: 60, backend: 'sandbox-forwarding' }, 'limit_exceeded', 'duration'],
    ['generate_video', { prompt: 'a', size: '640x480', backend: 'sandbox-forwarding' }, 'not_supported', 'size'],
    ['generate_video', { prompt: 'a', size: 'large' }, 'invalid_argument', 'size'],
    ['generate_video', { prompt: 'a', size: '1280x720', aspect_ratio: '16:9' }, 'invalid_argument', 'aspect_ratio'],
    ['generate_video', { prompt: 'a', model: 'sora-9' }, 'not_supported', 'model'],
    ['generate_video', { prompt: 'a', backend: 'nowhere' }, 'no_backend', 'backend'],
    ['generate_video', { prompt: 'a', priority: 'speed' }, 'invalid_argument', 'priority'],
    ['generate_video', { prompt: 'a', influence_strength: 2 }, 'invalid_argument', 'influence_strength'],
    ['generate_video', { prompt: '@cofee_girl walks' }, 'unknown_mention', 'prompt'],
    ['generate_video', { prompt: 'walks', characters: ['nobody'] }, 'unknown_mention', 'characters'],
    ['generate_video', { prompt: 'a', reference_image: '/etc/passwd' }, 'file_not_allowed', 'reference_image'],
    [
      'generate_video',
      { prompt: 'a', backend: 'sandbox-forwarding', reference_image: 'http://169.254.169.254/x.png' },
      'address_not_allowed',
      'reference_image',
    ],
    ['generate_video', { prompt: 'a', reference_video: 'file:///etc/passwd' }, 'invalid_argument', 'reference_video'],
    ['generate_video', { promt: 'a' }, 'invalid_argument', undefined],
    ['create_character', { ...clip, rights_confirmed: false }, 'rights_not_confirmed', 'rights_confirmed'],
    ['create_character', { ...clip, rights_confirmed: undefined }, 'invalid_argument', 'rights_confirmed'],
    ['create_character', { ...clip, name: '' }, 'invalid_argument', 'name'],
    ['create_character', { ...clip, name: 'n'.repeat(81) }, 'invalid_argument', 'name'],
    ['create_character', { ...clip, video_url: 'ftp://example.com/a.mp4' }, 'invalid_argument', 'video_url'],
    ['create_character', { ...clip, video_url: 'a.mp4' }, 'invalid_argument', 'video_url'],
    ['create_character', { ...clip, video_url: undefined }, 'invalid_argument', 'video_url'],
    ['create_character', { ...clip, file_path: 'x.mp4' }, 'invalid_argument', undefined],
    ['create_character', { ...clip, video_url: undefined, file_path: '/etc/passwd' }, 'file_not_allowed', 'file_path'],
    [
      'create_character',
      { ...clip, video_url: undefined, file_path: '../../etc/passwd' },
      'file_not_allowed',
      'file_path',
    ],
    ['create_character', { ...clip, video_url: undefined, file_path: 'link.mp4' }, 'file_not_allowed', 'file_path'],
    ['create_character', { ...clip, video_url: undefined, file_path: 'empty.mp4' }, 'file_invalid', 'file_path'],
    [
      'create_character',
      { ...clip, video_url: undefined, file_path: 'page.mp4', backend: 'sandbox-forwarding' },
      'file_invalid',
      'file_path',
    ],
    ['create_character', { ...clip, handle: 'Not A Handle!' }, 'invalid_argument', 'handle'],
    ['create_character', { ...clip, name: 'Coffee Girl' }, 'handle_taken', 'handle'],
    ['create_character', { ...clip, start_seconds: 3, end_seconds: 1 }, 'invalid_argument', 'end_seconds'],
    ['extract_character', { task_id: 'task_nothing', name: 'X Y', rights_confirmed: true }, 'not_found', 'task_id'],
    ['get_task', { task_id: 'task_nothing' }, 'not_found', 'task_id'],
    ['get_task', { task_id: 'task_nothing', wait_seconds: 90 }, 'invalid_argument', 'wait_seconds'],
    ['get_task', { cursor: 'rubbish' }, 'invalid_argument', 'cursor'],
    ['get_task', { status: 'lost' }, 'invalid_argument', 'status'],
    ['list_characters', { limit: 0 }, 'invalid_argument', 'limit'],
    ['list_characters', { cursor: 'rubbish' }, 'invalid_argument', 'cursor'],
    ['list_characters', { backend: 'nowhere' }, 'invalid_argument', 'backend'],
    ['estimate_cost', {}, 'invalid_argument', 'duration'],
    ['estimate_cost', { duration: -1 }, 'invalid_argument', 'duration'],
    ['estimate_cost', { duration: 5, count: 0.5 }, 'invalid_argument', 'count'],
  ])('%s %j', async (tool, args, code, field) => {
    const error = await server.fail(tool, args);
    expect(error).toMatchObject({ code, charged: 'no' });
    if (field !== undefined) expect(error.field).toBe(field);
    expect(JSON.stringify(error)).not.toMatch(/\\n\s+at /);
    expect(await server.call('get_task')).toMatchObject({ tasks: [] });
    expect(await server.call('list_characters')).toMatchObject({ characters: [{ handle: 'coffee_girl' }] });
  });
});

test('an unknown mention suggests the nearest', async () => {
  const error = await server.fail('generate_video', { prompt: '@cofee_girl walks' });
  expect(error.hint).toContain('@coffee_girl');
});

test('an e-mail address and @2x are no mentions', async () => {
  const other = await connect(tempDir());
  const started = await other.call('generate_video', {
    prompt: 'a card that says hi@example.com, drawn @2x, \\@nobody',
  });
  expect(started).toMatchObject({ task_id: expect.any(String) });
});

test('a duration within the limit is accepted without any configuration, and made', async () => {
  const other = await connect(tempDir());
  const { task_id } = await other.call('generate_video', { prompt: 'a', duration: 300 });
  const made = await other.finish(String(task_id));
  expect(made).toMatchObject({ status: 'completed', file_path: expect.any(String) });
  expect(await inspectClip(String(made.file_path))).toMatchObject({ seconds: 300 });
});
