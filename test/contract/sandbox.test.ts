import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { definitionOf } from '../../src/backends/definition.ts';
import {
  type BackendDefinition,
  createBackend,
  type DialectBackend,
  dialectNamed,
} from '../../src/backends/registry.ts';
import { Secret } from '../../src/domain/secret.ts';
import { startTestSandbox, TEST_KEY, type TestSandbox } from '../helpers/sandbox.ts';
import { failure, ORDER } from './subject.ts';

const ended: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const end of ended.reverse()) await end();
});

function made(definition: BackendDefinition): DialectBackend {
  const backend = createBackend(definition);
  ended.push(backend.close);
  return backend;
}

async function size(backend: DialectBackend, remoteId: string): Promise<number> {
  const { body } = await backend.openContent(await backend.getVideo(remoteId), 'video', 0);
  let bytes = 0;
  for await (const chunk of body) bytes += chunk.length;
  return bytes;
}

describe('the embedded upstream', () => {
  let sandbox: TestSandbox;
  let forwarding: DialectBackend;
  let reverse: DialectBackend;

  beforeAll(async () => {
    sandbox = await startTestSandbox();
    ended.push(sandbox.close);
    const access = { baseUrl: new URL(sandbox.baseUrl), apiKey: new Secret(TEST_KEY) };
    const [first, second] = await definitionOf({ backends: [] }, access);
    forwarding = made(first!);
    reverse = made(second!);
  });

  it('makes a video on the forwarding route, and others of it', async () => {
    const { remoteId } = await forwarding.createVideo({ ...ORDER, size: '1280x720' });
    sandbox.clock.advance(2_000);
    expect(await forwarding.getVideo(remoteId)).toMatchObject({ state: 'completed', progress: 100, seconds: 8 });
    expect(await size(forwarding, remoteId)).toBeGreaterThan(1_000);
    const common = { remoteTaskId: remoteId, prompt: 'At night', model: 'sora-2' };
    for (const mode of ['remix', 'edit', 'extend'] as const) {
      const revised = await forwarding.revise!({ ...common, mode, seconds: 4, idempotencyKey: mode });
      expect(revised.remoteId).not.toBe(remoteId);
    }
    const page = await forwarding.listVideos!({ limit: 2 });
    expect(page.videos).toHaveLength(2);
    expect((await forwarding.listVideos!({ limit: 100, after: page.after! })).videos.at(-1)).toMatchObject({
      remoteId,
    });
    await forwarding.deleteVideo!(remoteId);
    expect((await failure(forwarding.getVideo(remoteId))).code).toBe('not_found');
  });

  it('keeps characters on the reverse route', async () => {
    const source = { kind: 'url', url: 'https://example.com/character_source.mp4' } as const;
    const common = { description: 'A girl', idempotencyKey: 'c1' };
    const luna = await reverse.createCharacter!({ ...common, name: 'luna', source });
    const prompt = `${luna.mention} walks by the sea`;
    const { remoteId } = await reverse.createVideo({ ...ORDER, prompt, seconds: 10 });
    sandbox.clock.advance(2_000);
    const video = await reverse.getVideo(remoteId);
    expect(video).toMatchObject({ state: 'completed' });
    expect(video.videoUrl).toMatch(/^http:/);
    expect(await size(reverse, remoteId)).toBeGreaterThan(1_000);
    const beach = await reverse.extractCharacter!({
      ...common,
      name: 'beach',
      remoteTaskId: remoteId,
      idempotencyKey: 'c2',
    });
    const listed = await reverse.listCharacters!();
    expect(listed.map((each) => each.remoteId).sort()).toEqual([luna.remoteId, beach.remoteId].sort());
  });

  it('is found by a probe, and tells a wrong key', async () => {
    for (const backend of [forwarding, reverse]) {
      expect(await backend.probe()).toMatchObject({ reachable: true, authenticated: true });
    }
    const strict = await startTestSandbox({ key: TEST_KEY });
    ended.push(strict.close);
    const dialect = dialectNamed('seed');
    const wrong = made({
      id: 'x',
      route: 'reverse',
      dialect,
      baseUrl: new URL(strict.baseUrl),
      apiKey: new Secret('sk-wrong-key'),
    });
    expect(await wrong.probe()).toMatchObject({ reachable: true, authenticated: false });
    expect((await failure(wrong.createVideo(ORDER))).code).toBe('auth_failed');
  });
});

it.each([
  ['sora-v1', 'sora-v1'],
  ['unified-v2', undefined],
] as const)('speaks %s', async (name, accent) => {
  const sandbox = await startTestSandbox(accent ? { accent } : {});
  ended.push(sandbox.close);
  const dialect = dialectNamed(name);
  const backend = made({
    id: name,
    route: 'reverse',
    dialect,
    baseUrl: new URL(sandbox.baseUrl),
    apiKey: new Secret(TEST_KEY),
  });
  const { remoteId } = await backend.createVideo({ ...ORDER, seconds: 10, size: '1280x720' });
  sandbox.clock.advance(2_000);
  expect(await backend.getVideo(remoteId)).toMatchObject({ state: 'completed', progress: 100 });
  expect(await size(backend, remoteId)).toBeGreaterThan(1_000);
});
