import type { Character } from '../../src/domain/character.ts';
import { SoraError } from '../../src/domain/errors.ts';
import type { BackendProfile } from '../../src/domain/models.ts';
import { fromUsd, NOTHING } from '../../src/domain/money.ts';
import type { Task } from '../../src/domain/task.ts';
import type {
  Change,
  Estimate,
  RequestContext,
  Services,
  StoryboardReport,
  TaskReport,
} from '../../src/services/services.ts';

const NOW = Date.UTC(2026, 10, 22, 12, 0, 0);

export function aCharacter(facts: Partial<Character> = {}): Character {
  return {
    id: 'chr_0123456789abcdef',
    workspace: 'local',
    handle: 'coffee_girl',
    name: 'Coffee Girl',
    description: '',
    source: { kind: 'video_url', url: 'https://example.com/girl.mp4' },
    bindings: [
      {
        backend: 'sandbox-reverse',
        route: 'reverse',
        state: 'ready',
        remoteId: 'char_1',
        mention: '@char_1',
        createdAt: NOW,
      },
    ],
    createdAt: NOW,
    updatedAt: NOW,
    ...facts,
  };
}

export function aTask(facts: Partial<Task> = {}): Task {
  return {
    id: 'task_0123456789abcdefghij',
    workspace: 'local',
    kind: 'video',
    state: 'in_progress',
    backend: 'sandbox-reverse',
    route: 'reverse',
    model: 'sora-2',
    seconds: 10,
    size: '1280x720',
    request: { prompt: 'A girl drinks coffee', characterIds: [], priority: 'cost' },
    sentPrompt: 'A girl drinks coffee',
    fingerprint: 'f',
    sendKey: 'k',
    remoteId: 'remote_1',
    progress: 42,
    reasons: ['It is the cheapest.'],
    quoted: fromUsd(0.12),
    charged: 'unknown',
    saveState: 'none',
    saveAttempts: 0,
    createdAt: NOW,
    updatedAt: NOW,
    polls: 0,
    pollFailures: 0,
    ...facts,
  };
}

export function aReport(facts: Partial<Task> = {}, rest: Partial<TaskReport> = {}): TaskReport {
  return { task: aTask(facts), nextPollSeconds: 5, ...rest };
}

const WINDOW = { used: fromUsd(1.5), renewsAt: '2026-11-23T00:00:00Z' };

/** Three scenes: one done, one under way, one that failed. */
export function aBoard(facts: Partial<StoryboardReport> = {}): StoryboardReport {
  const error = {
    code: 'moderation_blocked',
    message: 'no',
    hint: 'Change it.',
    retryable: false,
    charged: 'no',
  } as const;
  const tasks = [
    aTask({ id: 'task_1', state: 'completed', filePath: '/data/videos/one.mp4', storyboardId: 'board_1' }),
    aTask({ id: 'task_2', storyboardId: 'board_1' }),
    aTask({ id: 'task_3', state: 'failed', error, storyboardId: 'board_1' }),
  ];
  return {
    id: 'board_1',
    title: 'The Harbour',
    style: 'Shot on film.',
    status: 'making',
    scenes: tasks.map((task, index) => ({
      scene: index + 1,
      prompt: `scene ${index + 1} ${'goes on '.repeat(20)}`,
      status: task.state,
      task,
      backend: task.backend,
      seconds: 10,
      cost: fromUsd(0.12),
    })),
    cost: fromUsd(0.24),
    notes: [],
    nextPollSeconds: 5,
    createdAt: NOW,
    ...facts,
  };
}

export function anEstimate(facts: Partial<Estimate> = {}): Estimate {
  return {
    count: 1,
    quotes: [
      {
        backend: 'sandbox-reverse',
        route: 'reverse',
        model: 'sora-2',
        perVideo: fromUsd(0.12),
        source: 'the seed document',
        asOf: '2025-12-01',
        confidence: 'estimated',
        configured: true,
        notes: [],
      },
    ],
    recommended: { backend: 'sandbox-reverse', why: 'the cheapest' },
    spend: { day: WINDOW, month: WINDOW, reserved: NOTHING },
    ...facts,
  };
}

const PROFILE: BackendProfile = {
  id: 'sandbox-reverse',
  route: 'reverse',
  dialect: 'seed',
  origin: 'http://127.0.0.1:4000',
  sandbox: true,
  unofficial: true,
  capabilities: {
    createCharacter: true,
    extractCharacter: true,
    listCharacters: false,
    maxCharacters: 2,
    referenceVideo: false,
    referenceImage: true,
    remix: false,
    edit: false,
    extend: false,
    listVideos: false,
    deleteVideo: false,
    thumbnail: false,
    spritesheet: false,
    characterUpload: false,
  },
  models: [{ id: 'sora-2', status: 'active', sizes: [], seconds: [10, 15] }],
  defaultModel: 'sora-2',
  defaultSeconds: 10,
  rates: [],
  limits: { minPollMs: 1000 },
  weight: 1,
};

type Calls = { readonly [what: string]: unknown[] };

/** Services that do what a test says, and remember what they were asked. */
export interface FakeServices extends Services {
  readonly calls: Calls;
  emit(change: Change): void;
  listeners(): number;
}

export interface FakeAnswers {
  create?: (input: unknown, context?: RequestContext) => Promise<Character>;
  extract?: Services['characters']['extract'];
  generate?: (input: unknown, context?: RequestContext) => Promise<TaskReport>;
  get?: Services['tasks']['get'];
  revise?: (input: unknown) => Promise<TaskReport>;
  still?: Services['tasks']['still'];
  tasks?: readonly TaskReport[];
  characters?: readonly Character[];
  nextCursor?: string;
  notes?: readonly string[];
  estimate?: Estimate;
  storyboards?: Partial<Services['storyboards']>;
}

export function fakeServices(answers: FakeAnswers = {}): FakeServices {
  const listeners = new Set<(change: Change) => void>();
  const calls = {
    create: [],
    extract: [],
    list: [],
    generate: [],
    revise: [],
    get: [],
    tasks: [],
    estimate: [],
  } as Calls;
  const characters = answers.characters ?? [aCharacter()];
  const find = (reference: string) => {
    const found = characters.find(({ handle, id }) => [handle, id].includes(reference.replace(/^@/, '')));
    if (found) return found;
    throw new SoraError({ code: 'not_found', field: 'character', message: `no character ${reference}` });
  };
  const unused = () => Promise.reject(new Error('not in this test'));
  return {
    calls,
    emit: (change) => {
      for (const listener of [...listeners]) listener(change);
    },
    listeners: () => listeners.size,
    workspace: 'local',
    characters: {
      create: async (input, context) => {
        calls.create?.push(input);
        return answers.create ? answers.create(input, context) : aCharacter();
      },
      extract: async (input, context) => {
        calls.extract?.push(input);
        return answers.extract ? answers.extract(input, context) : aCharacter();
      },
      list: async (input) => {
        calls.list?.push(input);
        return { characters, nextCursor: answers.nextCursor, notes: answers.notes ?? [] };
      },
      find,
      complete: (text, limit) =>
        characters
          .map(({ handle }) => handle)
          .filter((handle) => handle.startsWith(text))
          .slice(0, limit),
    },
    videos: {
      generate: async (input, context) => {
        calls.generate?.push(input);
        return answers.generate ? answers.generate(input, context) : aReport({ state: 'queued', progress: 0 });
      },
      revise: async (input) => {
        calls.revise?.push(input);
        return answers.revise ? answers.revise(input) : aReport({ kind: 'remix', parentId: 'task_parent' });
      },
    },
    tasks: {
      get: async (reference, wait, context) => {
        calls.get?.push({ reference, ...wait });
        if (answers.get) return answers.get(reference, wait, context);
        if (reference === 'task_none') throw new SoraError({ code: 'not_found', message: 'no task task_none' });
        return aReport();
      },
      list: (input) => {
        calls.tasks?.push(input);
        return { tasks: answers.tasks ?? [aReport()], nextCursor: answers.nextCursor };
      },
      still: answers.still ?? (async () => undefined),
    },
    estimates: {
      estimate: (input) => {
        calls.estimate?.push(input);
        return answers.estimate ?? anEstimate({ count: input.count ?? 1 });
      },
      spend: () => ({
        summary: anEstimate().spend,
        rows: [{ day: '2026-11-22', backend: 'sandbox-reverse', project: 'default', videos: 3, spent: fromUsd(0.36) }],
      }),
    },
    storyboards: {
      make: unused,
      get: unused,
      list: () => ({ storyboards: [] }),
      isStoryboardId: (id) => id.startsWith('board_'),
      ofTask: () => undefined,
      ...answers.storyboards,
    },
    backends: () => [{ profile: PROFILE, health: 'up' }],
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
