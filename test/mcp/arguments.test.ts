import { afterEach, describe, expect, test } from 'vitest';
import { type Connection, call, connectMcp } from '../helpers/mcp.ts';
import { PROMPTLY_MS } from '../helpers/promptly.ts';

let connection: Connection;
afterEach(() => connection?.close());

/** A tool, what it is given, the field it must name, and words its message and hint must have. */
type Case = [tool: string, args: unknown, field: string, message: string, hint?: string];

const NEW_CHARACTER = { name: 'Girl', video_url: 'https://example.com/a.mp4', rights_confirmed: true };

const CASES: Case[] = [
  ['create_character', { video_url: 'https://e.com/a.mp4', rights_confirmed: true }, 'name', 'name is required'],
  ['create_character', { ...NEW_CHARACTER, name: '' }, 'name', 'name is empty'],
  ['create_character', { ...NEW_CHARACTER, name: 'x'.repeat(81) }, 'name', '81 characters; at most 80'],
  ['create_character', { ...NEW_CHARACTER, name: 7 }, 'name', 'must be a string, got 7'],
  ['create_character', { ...NEW_CHARACTER, video_url: 'girl.mp4' }, 'video_url', 'not a URL', 'http(s)'],
  ['create_character', { ...NEW_CHARACTER, video_url: 'file:///etc/passwd' }, 'video_url', 'file:', 'by its path'],
  ['create_character', { ...NEW_CHARACTER, start_seconds: -1 }, 'start_seconds', 'at least 0, got -1'],
  [
    'create_character',
    { ...NEW_CHARACTER, rights_confirmed: 'true' },
    'rights_confirmed',
    'a boolean',
    'without the quotes',
  ],
  ['create_character', { name: 'Girl' }, 'rights_confirmed', 'rights_confirmed is required', 'consented'],
  [
    'create_character',
    { ...NEW_CHARACTER, videoUrl: 'https://e.com/a.mp4' },
    'videoUrl',
    'not an argument',
    'video_url?',
  ],
  ['extract_character', { name: 'Girl', rights_confirmed: true }, 'task_id', 'task_id is required', 'remote'],
  ['extract_character', { task_id: ['a'], name: 'Girl', rights_confirmed: true }, 'task_id', 'a string, got ["a"]'],
  [
    'extract_character',
    { taskid: 'a', name: 'Girl', rights_confirmed: true, task_id: 'a' },
    'taskid',
    'not an',
    'task_id?',
  ],
  ['list_characters', { limit: 0 }, 'limit', 'at least 1, got 0'],
  ['list_characters', { limit: 1000 }, 'limit', 'at most 100, got 1000'],
  ['list_characters', { limit: 1.5 }, 'limit', 'a whole number, got 1.5'],
  ['list_characters', { limit: '5' }, 'limit', 'got "5"', 'Write 5 without the quotes.'],
  ['list_characters', { refresh: 'yes' }, 'refresh', 'a boolean, got "yes"'],
  ['list_characters', { search: 'x' }, 'search', '"search" is not an argument', 'The arguments are query'],
  ['generate_video', {}, 'prompt', 'prompt is required', '@handle'],
  ['generate_video', { prompt: null }, 'prompt', 'must be a string, got null', 'Leave it out'],
  ['generate_video', { prompt: '' }, 'prompt', 'prompt is empty'],
  ['generate_video', { prompt: 'x'.repeat(33_000) }, 'prompt', '33000 characters; at most 32000'],
  ['generate_video', { prompt: { text: 'a' } }, 'prompt', 'must be a string, got {"text":"a"}'],
  ['generate_video', { prompt: 'a', promt: 'a' }, 'promt', '"promt" is not an argument', 'Did you mean prompt?'],
  ['generate_video', { prompt: 'a', duration: '8' }, 'duration', 'a number, got "8"', 'Write 8 without the quotes.'],
  ['generate_video', { prompt: 'a', duration: -4 }, 'duration', 'more than 0, got -4'],
  ['generate_video', { prompt: 'a', duration: 0 }, 'duration', 'more than 0, got 0'],
  ['generate_video', { prompt: 'a', duration: 1e9 }, 'duration', 'at most 600, got 1000000000'],
  ['generate_video', { prompt: 'a', size: '720p' }, 'size', '"720p" is not WIDTHxHEIGHT', '1280x720'],
  ['generate_video', { prompt: 'a', aspect_ratio: '4:3' }, 'aspect_ratio', 'one of 16:9, 9:16, 1:1; got "4:3"'],
  ['generate_video', { prompt: 'a', priority: 'costs' }, 'priority', 'one of cost, stability', 'Did you mean cost?'],
  ['generate_video', { prompt: 'a', characters: 'coffee_girl' }, 'characters', 'an array', '["coffee_girl"]'],
  ['generate_video', { prompt: 'a', characters: ['a', 5] }, 'characters[1]', 'characters[1] must be a string, got 5'],
  ['generate_video', { prompt: 'a', influence_strength: 2 }, 'influence_strength', 'at most 1, got 2'],
  ['generate_video', { prompt: 'a', reference_video: 'x' }, 'reference_video', 'not a URL'],
  ['generate_video', { prompt: 'a', max_cost_usd: -1 }, 'max_cost_usd', 'at least 0, got -1'],
  ['get_task', { task_id: 5 }, 'task_id', 'must be a string, got 5'],
  ['get_task', { task_id: 't', wait_seconds: 300 }, 'wait_seconds', 'at most 45, got 300'],
  ['get_task', { task_id: 't', wait_seconds: '30' }, 'wait_seconds', 'got "30"', 'Write 30 without the quotes.'],
  ['get_task', { wait_seconds: 5 }, 'task_id', 'task_id is required to wait'],
  ['get_task', { task_id: 't', limit: 5 }, 'limit', 'limit is for the list'],
  ['get_task', { status: 'done' }, 'status', 'one of reserved'],
  ['get_task', { id: 't' }, 'id', '"id" is not an argument', 'task_id?'],
  ['get_task', { include_still: true }, 'task_id', 'task_id is required for a still'],
  ['get_task', { task_id: 'board_1', include_still: true }, 'include_still', 'of one scene', 'task_id'],
  ['make_storyboard', { scenes: 'a boat' }, 'scenes', 'an array', '["a boat"]'],
  ['make_storyboard', { title: 'T', scenes: [] }, 'scenes', 'scenes is empty'],
  ['make_storyboard', { title: '', scenes: [{ prompt: 'a' }] }, 'title', 'title is empty'],
  ['make_storyboard', { scenes: [{ prompt: 'a' }, 'b'] }, 'scenes[1]', 'scenes[1] must be an object, got "b"'],
  ['make_storyboard', { scenes: [{ prompt: 'a' }, { prompt: '' }] }, 'scenes[1].prompt', 'is empty'],
  ['make_storyboard', { scenes: [{ promt: 'a' }] }, 'scenes[0].promt', '"promt" is not an argument', 'prompt?'],
  [
    'make_storyboard',
    { scenes: [{ prompt: 'a', duration: '8' }] },
    'scenes[0].duration',
    'a number, got "8"',
    '8 without',
  ],
  ['make_storyboard', { scenes: [{ prompt: 'a', size: '720p' }] }, 'scenes[0].size', 'not WIDTHxHEIGHT', '1280x720'],
  ['make_storyboard', { scenes: [{ scene: 0 }] }, 'scenes[0].scene', 'at least 1, got 0'],
  ['make_storyboard', { scenes: [{ scene: 1.5 }] }, 'scenes[0].scene', 'a whole number'],
  ['make_storyboard', { scenes: [{ scene: 1, characters: [5] }] }, 'scenes[0].characters[0]', 'a string, got 5'],
  ['make_storyboard', { scenes: [{ scene: 1, redo: 'yes' }] }, 'scenes[0].redo', 'a boolean, got "yes"'],
  ['make_storyboard', { priority: 'quality' }, 'priority', 'one of cost, stability'],
  ['make_storyboard', { max_cost_usd: -1 }, 'max_cost_usd', 'at least 0'],
  ['make_storyboard', { dry_run: 'true' }, 'dry_run', 'a boolean', 'true without the quotes'],
  ['make_storyboard', { style: 'x'.repeat(1_001) }, 'style', '1001 characters; at most 1000'],
  ['make_storyboard', { storyboard_id: 7 }, 'storyboard_id', 'a string, got 7'],
  ['make_storyboard', { board_id: 'b' }, 'board_id', 'not an argument', 'storyboard_id?'],
  ['revise_video', { mode: 'remix', prompt: 'a' }, 'task_id', 'task_id is required'],
  ['revise_video', { task_id: 't', prompt: 'a' }, 'mode', 'mode is required', 'remix, edit, extend'],
  ['revise_video', { task_id: 't', mode: 'remx', prompt: 'a' }, 'mode', 'one of remix, edit, extend', 'remix?'],
  ['revise_video', { task_id: 't', mode: 'edit' }, 'prompt', 'prompt is required'],
  ['revise_video', { task_id: 't', mode: 'extend', prompt: 'a', seconds: 0 }, 'seconds', 'more than 0, got 0'],
  ['estimate_cost', {}, 'duration', 'duration is required', 'Seconds'],
  ['estimate_cost', { duration: 10, count: 0 }, 'count', 'at least 1, got 0'],
  ['estimate_cost', { duration: 10, with_character: 1 }, 'with_character', 'a boolean, got 1'],
  ['estimate_cost', { duration: 10, seconds: 3 }, 'seconds', 'not an argument', 'duration'],
];

describe('bad arguments', () => {
  test.each(CASES)('%s %j → %s', async (tool, args, field, message, hint) => {
    connection = await connectMcp();
    const answer = await call(connection, tool, args);
    expect(answer.isError).toBe(true);
    expect(answer.error).toMatchObject({ code: 'invalid_argument', field, retryable: false, charged: 'no' });
    expect(String(answer.error.message)).toContain(message);
    if (hint) expect(String(answer.error.hint)).toContain(hint);
    expect(answer.text).toBe(JSON.stringify(answer.data));
    // Nothing was sent and nothing was stored.
    expect(Object.values(connection.services.calls).flat()).toEqual([]);
    expect(connection.logged).toEqual([]);
  });

  test('all problems are told at once', async () => {
    connection = await connectMcp();
    const { error } = await call(connection, 'generate_video', { promt: 'a', duration: '8', size: 'big' });
    expect(error.code).toBe('invalid_argument');
    const problems = error.problems as { field: string; hint?: string }[];
    expect(problems.map(({ field }) => field).sort()).toEqual(['duration', 'prompt', 'promt', 'size']);
    for (const { field } of problems) expect(String(error.message)).toContain(field);
    expect(problems.find(({ field }) => field === 'promt')?.hint).toBe('Did you mean prompt?');
  });

  test('a thousand unknown names make a short error', async () => {
    connection = await connectMcp();
    const args = Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`k${at}`.padEnd(200, 'x'), at]));
    const { error, text } = await call(connection, 'estimate_cost', { duration: 1, ...args });
    expect(String(error.message)).toContain('and 992 more');
    expect(text.length).toBeLessThan(6_000);
  });

  test('names of object internals are only unknown names', async () => {
    connection = await connectMcp();
    const args = JSON.parse('{"duration":10,"__proto__":{"x":1},"constructor":1}');
    const answer = await call(connection, 'estimate_cost', args);
    expect(answer.error.code).toBe('invalid_argument');
    expect(String(answer.error.message)).toContain('constructor');
  });

  test('more values than any request has are refused before they cost time', async () => {
    connection = await connectMcp();
    const characters = Array.from({ length: 200_000 }, () => 'a');
    const started = performance.now();
    const answer = await call(connection, 'generate_video', { prompt: 'a', characters });
    expect(answer.isError).toBe(true);
    expect(answer.text).toContain('2000 elements');
    expect(performance.now() - started).toBeLessThan(PROMPTLY_MS);
  });

  test('the server lives on after each of them', async () => {
    connection = await connectMcp();
    for (const [tool, args] of CASES) await call(connection, tool, args);
    const answer = await call(connection, 'generate_video', { prompt: 'a', duration: 8 });
    expect(answer.isError).toBe(false);
    expect(connection.services.calls.generate).toMatchObject([{ prompt: 'a', duration: 8 }]);
  });
});
