import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openLog } from '../../src/log.ts';

const NOON = Date.UTC(2026, 10, 22, 12);

function aLog(format: 'text' | 'json') {
  const written: string[] = [];
  const now = () => NOON;
  return { written, ...openLog((text) => void written.push(text), format, now) };
}

test('as text a line is what was said', () => {
  const { written, log } = aLog('text');
  log('all is well', { kind: 'news' });
  expect(written).toEqual(['sora-mcp: all is well\n']);
});

test('as JSON it is one object, whatever was said', () => {
  const { written, log, flush } = aLog('json');
  log('two\nlines');
  log('POST /mcp', { kind: 'http', status: 200 });
  flush();
  const time = '2026-11-22T12:00:00.000Z';
  expect(written.map((text) => [text.indexOf('\n') === text.length - 1, JSON.parse(text)])).toEqual([
    [true, { time, kind: 'log', message: 'two\nlines' }],
    [true, { time, kind: 'http', status: 200 }],
  ]);
});

test('requests are written once a turn, what else is said at once, and all in its order', async () => {
  const { written, log, flush } = aLog('text');
  const request = (name: string) => log(name, { kind: 'http' });
  request('one');
  request('two');
  expect(written).toEqual([]);
  await setImmediate();
  expect(written).toEqual(['sora-mcp: one\nsora-mcp: two\n']);
  request('three');
  log('trouble');
  expect(written.slice(1)).toEqual(['sora-mcp: three\nsora-mcp: trouble\n']);
  request('four');
  flush();
  await setImmediate();
  expect(written.slice(2)).toEqual(['sora-mcp: four\n']);
});
