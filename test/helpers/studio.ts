import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { guarded } from '../../src/backends/guarded.ts';
import { type BackendDefinition, createBackend, dialectNamed } from '../../src/backends/registry.ts';
import { fromUsd } from '../../src/domain/money.ts';
import { Secret } from '../../src/domain/secret.ts';
import { Changes } from '../../src/services/changes.ts';
import { Characters } from '../../src/services/characters.ts';
import { Confirmations } from '../../src/services/confirmation.ts';
import type { Core, SpendingLimits, Workspace } from '../../src/services/core.ts';
import { Leases } from '../../src/services/leases.ts';
import type { StoryboardReport } from '../../src/services/services.ts';
import { Storyboards } from '../../src/services/storyboards.ts';
import { Tasks } from '../../src/services/tasks.ts';
import { Tracker } from '../../src/services/tracker.ts';
import { Videos } from '../../src/services/videos.ts';
import { Vigils } from '../../src/services/vigils.ts';
import { openStore } from '../../src/store/store.ts';
import { PROMPTLY_MS } from './promptly.ts';
import { startTestSandbox, TEST_KEY, type TestSandbox } from './sandbox.ts';

export interface StudioOptions {
  readonly limits?: SpendingLimits;
  /** Replaces fields of a backend's definition, by its id. */
  readonly backends?: Readonly<Record<string, Partial<BackendDefinition>>>;
  readonly jobMs?: number;
}

/** The use cases with their real store, backends and tracker, on a clock that stands still until it is moved. */
export interface Studio {
  readonly core: Core;
  readonly sandbox: TestSandbox;
  readonly storyboards: Storyboards;
  readonly videos: Videos;
  readonly tasks: Tasks;
  readonly characters: Characters;
  readonly logged: string[];
  /** Lets time pass until the condition holds; fails after so many seconds of it. */
  until(condition: () => boolean | Promise<boolean>, seconds?: number): Promise<void>;
  /** Lets time pass until nothing more comes of the storyboard. */
  settle(id: string, seconds?: number): Promise<StoryboardReport>;
}

/** Priced backends: `forwarding` at $0.10 a second, `reverse` at the seed's $0.12 a video. Both are the one sandbox. */
export async function openStudio(options: StudioOptions = {}): Promise<Studio> {
  const sandbox = await startTestSandbox({ jobMs: options.jobMs ?? 1_000 });
  const { clock } = sandbox;
  const dataDir = mkdtempSync(join(tmpdir(), 'sora-studio-'));
  const store = openStore({ dataDir, clock });
  const definitions = ['forwarding', 'reverse'].map((id): BackendDefinition => {
    const dialect = dialectNamed(id === 'forwarding' ? 'openai' : 'seed');
    const base = { id, route: dialect.route, dialect, baseUrl: new URL(sandbox.baseUrl), apiKey: new Secret(TEST_KEY) };
    return { ...base, limits: { minPollMs: 500, usualJobMs: 1_000 }, ...options.backends?.[id] };
  });
  const logged: string[] = [];
  const workspace: Workspace = { name: 'local', project: 'test', limits: options.limits ?? {}, inputDirs: [dataDir] };
  const core: Core = {
    store,
    aliases: new Map(),
    backends: new Map(definitions.map((each) => [each.id, guarded(createBackend(each, { clock }), { clock })])),
    clock,
    changes: new Changes(),
    confirmations: new Confirmations(clock),
    newId: (prefix) => `${prefix}_${randomBytes(10).toString('hex')}`,
    leases: new Leases(store.tasks, clock, `proc_${randomBytes(4).toString('hex')}`, 30_000),
    vigils: new Vigils(clock),
    workspace: () => workspace,
    log: (line) => void logged.push(line),
    fetchMedia: async () => {
      throw new Error('nothing is fetched in this test');
    },
    reached: () => {},
  };
  const tracker = new Tracker(core);
  tracker.start();
  onTestFinished(async () => {
    await tracker.stop();
    await Promise.all([...core.backends.values()].map((backend) => backend.close()));
    await sandbox.close();
    store.close();
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
  });
  const storyboards = new Storyboards(core, workspace);
  const until: Studio['until'] = async (condition, seconds = 120) => {
    for (let passed = 0; passed < seconds; passed += STEP_SECONDS) {
      if (await condition()) return;
      clock.advance(STEP_SECONDS * 1_000);
      tracker.wake();
      await pause();
      // Requests go over real sockets; how fast they are decides nothing, because the clock waits for them.
      const given = performance.now() + PROMPTLY_MS;
      while (core.leases.held().length > 0 && performance.now() < given) await pause();
    }
    // Films are joined by the process's own clock.
    const given = performance.now() + PROMPTLY_MS;
    for (; performance.now() < given; await pause()) if (await condition()) return;
    throw new Error(`it did not come true in ${seconds} s of its clock:\n${logged.join('\n')}`);
  };
  return {
    core,
    sandbox,
    storyboards,
    videos: new Videos(core, workspace),
    tasks: new Tasks(core, workspace),
    characters: new Characters(core, workspace),
    logged,
    until,
    settle: async (id, seconds) => {
      let report = await storyboards.get(id);
      await until(async () => {
        report = await storyboards.get(id);
        return report.status !== 'making';
      }, seconds);
      return report;
    },
  };
}

const STEP_SECONDS = 0.5;

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 8));
}

export const DOLLAR = fromUsd(1);
