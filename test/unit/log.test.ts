import { expect, test } from 'vitest';
import { writeLog } from '../../src/log.ts';

const NOON = Date.UTC(2026, 10, 22, 12);

test('as text a line is what was said', () => {
  const written: string[] = [];
  writeLog(
    (text) => void written.push(text),
    'text',
    () => NOON,
  )('all is well', { kind: 'news' });
  expect(written).toEqual(['sora-mcp: all is well\n']);
});

test('as JSON it is one object, whatever was said', () => {
  const written: string[] = [];
  const log = writeLog(
    (text) => void written.push(text),
    'json',
    () => NOON,
  );
  log('two\nlines');
  log('POST /mcp', { kind: 'http', status: 200 });
  const time = '2026-11-22T12:00:00.000Z';
  expect(written.map((text) => [text.indexOf('\n') === text.length - 1, JSON.parse(text)])).toEqual([
    [true, { time, kind: 'log', message: 'two\nlines' }],
    [true, { time, kind: 'http', status: 200 }],
  ]);
});
