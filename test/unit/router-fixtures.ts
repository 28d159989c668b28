import type { Binding, BindingState, Character } from '../../src/domain/character.ts';
import { type BackendHealth, HEALTHY } from '../../src/domain/health.ts';
import type { BackendProfile, Capabilities } from '../../src/domain/models.ts';
import type { Candidate, RouteRequest } from '../../src/routing/decision.ts';

export const NOW = Date.parse('2026-11-22T12:00:00Z');

const SMALL = ['720x1280', '1280x720'] as const;
const LARGE = [...SMALL, '1024x1792', '1792x1024', '1080x1920', '1920x1080'] as const;

const CAPABILITIES: Capabilities = {
  createCharacter: true,
  extractCharacter: false,
  listCharacters: false,
  maxCharacters: 2,
  referenceVideo: false,
  referenceImage: true,
  remix: true,
  edit: true,
  extend: true,
  listVideos: true,
  deleteVideo: true,
  thumbnail: true,
  spritesheet: true,
  characterUpload: true,
};

const listed = { source: 'price list', asOf: '2026-03-01', confidence: 'exact' } as const;

/** The forwarding protocol as its document has it, at an address of no matter. */
export const FORWARDING: BackendProfile = {
  id: 'forwarding',
  route: 'forwarding',
  dialect: 'openai',
  origin: 'https://forwarding.example',
  sandbox: false,
  unofficial: false,
  capabilities: CAPABILITIES,
  models: [
    { id: 'sora-2', status: 'active', sizes: SMALL, seconds: [4, 8, 12] },
    { id: 'sora-2-pro', status: 'active', sizes: LARGE, seconds: [4, 8, 12] },
  ],
  defaultModel: 'sora-2',
  defaultSeconds: 4,
  defaultSize: '720x1280',
  rates: [
    { model: 'sora-2', unit: 'second', usd: 0.1, ...listed },
    { model: 'sora-2-pro', shortSides: [720], unit: 'second', usd: 0.3, ...listed },
    { model: 'sora-2-pro', shortSides: [1024], unit: 'second', usd: 0.5, ...listed },
    { model: 'sora-2-pro', shortSides: [1080], unit: 'second', usd: 0.7, ...listed },
  ],
  limits: { minPollMs: 10_000 },
  weight: 1,
};

/** The seed document's reverse side. */
export const REVERSE: BackendProfile = {
  ...FORWARDING,
  id: 'reverse',
  route: 'reverse',
  dialect: 'seed',
  origin: 'https://reverse.example',
  unofficial: true,
  capabilities: {
    ...CAPABILITIES,
    extractCharacter: true,
    listCharacters: true,
    maxCharacters: 5,
    referenceImage: false,
    characterUpload: false,
  },
  models: [{ id: 'sora-2', status: 'active', sizes: [], seconds: [] }],
  defaultSeconds: 10,
  defaultSize: undefined,
  rates: [{ model: 'sora-2', unit: 'video', usd: 0.12, ...listed, confidence: 'estimated' }],
  characterUsd: 0,
  limits: { minPollMs: 5_000 },
};

/** The seed document's forwarding side: no characters, but a reference video. */
export const SUBSTITUTE: BackendProfile = {
  ...FORWARDING,
  id: 'gateway',
  dialect: 'gateway',
  capabilities: { ...CAPABILITIES, createCharacter: false, maxCharacters: 0, referenceVideo: true },
};

export function profile(changes: Partial<BackendProfile>): BackendProfile {
  return { ...FORWARDING, ...changes };
}

export function up(backend: BackendProfile, health: Partial<BackendHealth> = {}): Candidate {
  return { profile: backend, health: { ...HEALTHY, ...health } };
}

export function down(backend: BackendProfile, until: number = NOW + 30_000): Candidate {
  return up(backend, { state: 'down', reason: 'connection refused', until });
}

export function character(
  handle: string,
  bound: Readonly<Record<string, BindingState>> = {},
  source: Character['source'] = { kind: 'video_url', url: `https://clips.example/${handle}.mp4` },
): Character {
  const bindings = Object.entries(bound).map(
    ([backend, state]): Binding => ({
      backend,
      route: backend === 'reverse' ? 'reverse' : 'forwarding',
      state,
      remoteId: `char_${handle}`,
      createdAt: 0,
    }),
  );
  const id = `chr_${handle}`;
  return {
    id,
    workspace: 'local',
    handle,
    name: handle,
    description: '',
    source,
    bindings,
    createdAt: 0,
    updatedAt: 0,
  };
}

export function ask(request: Partial<RouteRequest> = {}): RouteRequest {
  return { characters: [], priority: 'cost', ...request };
}
