import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { microUsd } from '../../src/domain/money.ts';
import type { Task } from '../../src/domain/task.ts';
import type { NewCharacter } from '../../src/store/characters.ts';
import { openStore, type Store } from '../../src/store/store.ts';

export const NOON = Date.UTC(2026, 10, 22, 12);

export function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'sora-store-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  return dir;
}

/** A clock that stands until it is set. */
export function handClock(now = NOON) {
  const clock = { now, read: () => clock.now };
  return clock;
}

export function tempStore({ dataDir = tempDir(), clock = () => NOON } = {}): Store {
  const store = openStore({ dataDir, clock });
  onTestFinished(() => store.close());
  return store;
}

let count = 0;

export function aCharacter(facts: Partial<NewCharacter> = {}): NewCharacter {
  count += 1;
  return {
    id: `chr_${String(count).padStart(16, '0')}`,
    workspace: 'local',
    handle: `character_${count}`,
    name: `Character ${count}`,
    description: '',
    source: { kind: 'video_url', url: 'https://example.com/clip.mp4' },
    createdAt: NOON,
    updatedAt: NOON,
    ...facts,
  };
}

export function aTask(facts: Partial<Task> = {}): Task {
  count += 1;
  return {
    id: `task_${String(count).padStart(20, '0')}`,
    workspace: 'local',
    kind: 'video',
    state: 'reserved',
    backend: 'reverse',
    route: 'reverse',
    model: 'sora-2',
    seconds: 4,
    request: { prompt: 'a fox in the snow', characterIds: [], priority: 'cost' },
    sentPrompt: 'a fox in the snow',
    fingerprint: 'f'.repeat(64),
    sendKey: `send_${count}`,
    progress: 0,
    reasons: ['the only backend'],
    quoted: microUsd(400_000),
    charged: 'no',
    saveState: 'none',
    saveAttempts: 0,
    createdAt: NOON,
    updatedAt: NOON,
    polls: 0,
    pollFailures: 0,
    ...facts,
  };
}
