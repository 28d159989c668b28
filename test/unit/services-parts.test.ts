import { readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SoraError } from '../../src/domain/errors.ts';
import { fromUsd } from '../../src/domain/money.ts';
import { redact, Secret } from '../../src/domain/secret.ts';
import { Confirmations } from '../../src/services/confirmation.ts';
import type { Core } from '../../src/services/core.ts';
import { fingerprintOf } from '../../src/services/fingerprint.ts';
import { persist, persistSurely } from '../../src/services/persist.ts';
import { reportOf } from '../../src/services/report.ts';
import { madeNoJob } from '../../src/services/reserve.ts';
import { isVanished } from '../../src/services/silence.ts';
import { sweepParts } from '../../src/store/part-claim.ts';
import { tempDir } from '../helpers/app.ts';
import { aTask } from '../helpers/fake-services.ts';

const passing = (code: 'store_busy' | 'disk_full') => new SoraError({ code, message: code, retryable: true });

/** Fails so often, then works. */
function failing(times: number, error: Error): () => string {
  let left = times;
  return () => {
    if (left-- > 0) throw error;
    return 'written';
  };
}

describe('a write', () => {
  test('waits for a lock, but not for ever, and for nothing else', async () => {
    expect(await persist(failing(2, passing('store_busy')))).toBe('written');
    await expect(persist(failing(99, passing('store_busy')), 300)).rejects.toMatchObject({ code: 'store_busy' });
    await expect(persist(failing(1, passing('disk_full')))).rejects.toMatchObject({ code: 'disk_full' });
  });

  test('of what only we know goes on whatever the disk does, and says once what is at stake', async () => {
    const lines: string[] = [];
    const log = (line: string) => void lines.push(line);
    expect(await persistSurely(log, 'task 1 is job 2', failing(3, passing('disk_full')))).toBe('written');
    expect(lines).toEqual(['not written yet, and tried until it is: task 1 is job 2 (disk_full)']);
    await expect(persistSurely(log, 'x', failing(1, new TypeError('closed')))).rejects.toThrow('closed');
  });
});

describe('a token', () => {
  const price = fromUsd(0.12);

  test('stands for one request, workspace and price, for 15 minutes, once', () => {
    let now = 1_000_000;
    const tokens = new Confirmations(() => now);
    const token = tokens.issue('local', 'f', price);
    expect(tokens.take(token, 'other', 'f', price, 'k')).toBe(false);
    expect(tokens.take(token, 'local', 'g', price, 'k')).toBe(false);
    expect(tokens.take(token, 'local', 'f', fromUsd(0.13), 'k')).toBe(false);
    const [expires, nonce, tag] = token.split('.');
    const later = `${(Number.parseInt(expires!, 36) + 9_999).toString(36)}.${nonce}.${tag}`;
    for (const forged of ['', '.', later, `${token}x`, `${token}.`, token.slice(0, -1)]) {
      expect(tokens.take(forged, 'local', 'f', price, 'k')).toBe(false);
    }
    now += 16 * 60_000;
    expect(tokens.take(token, 'local', 'f', price, 'k')).toBe(false);
    now -= 16 * 60_000;
    expect(new Confirmations(() => now).take(token, 'local', 'f', price, 'k')).toBe(false);
    expect(tokens.take(token, 'local', 'f', price, 'k')).toBe(true);
    // Sent again it stands for the same job; never for another.
    expect(tokens.take(token, 'local', 'f', price, 'k')).toBe(true);
    expect(tokens.take(token, 'local', 'f', price, 'l')).toBe(false);
    tokens.spoil(token);
    expect(tokens.take(token, 'local', 'f', price, 'k')).toBe(false);
    expect(tokens.take(tokens.issue('local', 'f', price), 'local', 'f', price, 'k')).toBe(true);
  });
});

test('a fingerprint is that of the whole request, whatever the order of its characters', () => {
  const request = { prompt: 'a', characterIds: ['x', 'y'], priority: 'cost' } as const;
  const print = fingerprintOf('video', request);
  expect(fingerprintOf('video', { ...request, characterIds: ['y', 'x'] })).toBe(print);
  const others = [
    fingerprintOf('remix', request),
    fingerprintOf('video', request, 'task_parent'),
    fingerprintOf('video', { ...request, seconds: 4 }),
    fingerprintOf('video', { ...request, size: '1280x720' }),
    fingerprintOf('video', { ...request, priority: 'stability' }),
    fingerprintOf('video', { ...request, referenceImage: 'x' }),
  ];
  expect(new Set([print, ...others]).size).toBe(others.length + 1);
});

describe('news', () => {
  const now = Date.UTC(2026, 10, 22, 12);
  const core = { clock: () => now, backends: new Map() } as unknown as Core;
  const stale = (facts: Parameters<typeof aTask>[0]) => reportOf(core, aTask(facts)).staleSeconds;

  test('is stale when polls fail, or nobody asked when somebody should have', () => {
    expect(stale({ heardAt: now - 10_000, nextPollAt: now })).toBeUndefined();
    expect(stale({ heardAt: now - 200_000, nextPollAt: now + 5_000 })).toBeUndefined();
    expect(stale({ heardAt: now - 200_000, nextPollAt: now + 5_000, pollFailures: 2 })).toBe(200);
    expect(stale({ heardAt: now - 3_600_000, nextPollAt: now - 3_000_000 })).toBe(3_600);
    expect(stale({ state: 'failed', heardAt: now - 3_600_000 })).toBeUndefined();
  });

  test('that a job is not known counts only when it comes again and again', () => {
    const error = new SoraError({ code: 'not_found', message: 'x' });
    const told = { code: 'not_found', message: 'x', retryable: true, charged: 'unknown' } as const;
    expect(isVanished(aTask({ pollFailures: 4, error: told }), error)).toBe(true);
    expect(isVanished(aTask({ pollFailures: 3, error: told }), error)).toBe(false);
    expect(isVanished(aTask({ pollFailures: 40 }), error)).toBe(false);
    expect(isVanished(aTask({ pollFailures: 40, error: told }), passing('store_busy'))).toBe(false);
  });
});

test('only a create that surely made no job is sent anew under its key', () => {
  const failed = { state: 'failed', charged: 'no', remoteId: undefined } as const;
  expect(madeNoJob(aTask(failed))).toBe(true);
  expect(madeNoJob(aTask({ ...failed, remoteId: 'v' }))).toBe(false);
  expect(madeNoJob(aTask({ ...failed, charged: 'unknown' }))).toBe(false);
  expect(madeNoJob(aTask({ ...failed, state: 'unknown' }))).toBe(false);
});

test('parts are cleared when their file is there or nobody came back for them, and not while somebody may be at them', async () => {
  const dir = tempDir();
  const put = (name: string, ageMs: number) => {
    const path = join(dir, name);
    writeFileSync(path, 'x');
    const then = new Date(Date.now() - ageMs);
    utimesSync(path, then, then);
  };
  put('done.mp4', 0);
  put('done.mp4.0123456789ab.part', 60_000);
  put('done.mp4.aaaaaaaaaaaa.part', 1_000);
  put('done.mp4.0123456789ab.part.tag', 60_000);
  put('waiting.mp4.part', 3_600_000);
  put('waiting.mp4.part.tag', 3_600_000);
  put('forgotten.mp4.part', 2 * 86_400_000);
  put('forgotten.mp4.part.tag', 2 * 86_400_000);
  put('notes.txt', 2 * 86_400_000);
  await sweepParts(dir);
  expect(readdirSync(dir).sort()).toEqual([
    'done.mp4',
    'done.mp4.aaaaaaaaaaaa.part',
    'notes.txt',
    'waiting.mp4.part',
    'waiting.mp4.part.tag',
  ]);
  await sweepParts(join(dir, 'nowhere'));
});

test('a key is taken out of a text however it is spelt', () => {
  const key = new Secret('rv_a+b/c=d');
  const text = `${key.reveal()} ${encodeURIComponent(key.reveal())} ${Buffer.from(key.reveal()).toString('base64')}`;
  expect(redact(text, [key])).toBe('[secret] [secret] [secret]');
});
