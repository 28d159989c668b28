import { LLMock } from '@copilotkit/aimock';
import { expect, onTestFinished, test } from 'vitest';
import type { RemoteVideo } from '../../src/backends/backend.ts';
import { createBackend, dialectNamed } from '../../src/backends/registry.ts';
import { Secret } from '../../src/domain/secret.ts';

const VIDEO = { id: 'video_aimock_1', status: 'completed', url: 'https://cdn.example.com/fox.mp4' } as const;

async function server(): Promise<LLMock> {
  const mock = new LLMock({ port: 0 });
  mock.onVideo(/fox/, { video: VIDEO });
  mock.onVideo(/doom/, { video: { ...VIDEO, id: 'video_aimock_2', status: 'failed' } });
  await mock.start();
  onTestFinished(() => mock.stop());
  return mock;
}

function backendOf(name: string, baseUrl: string) {
  const dialect = dialectNamed(name);
  const backend = createBackend({
    id: name,
    route: dialect.route,
    dialect,
    baseUrl: new URL(baseUrl),
    apiKey: new Secret('sk-aimock-key'),
  });
  onTestFinished(() => backend.close());
  return backend;
}

/** A server that nobody here wrote, with the three surfaces of it that a dialect is for. */
test.each([
  ['openai', '/v1', '/v1/videos'],
  ['openrouter', '/api/v1', '/api/v1/videos'],
  ['xai', '/v1', '/v1/videos/generations'],
])('%s against aimock', async (name, root, path) => {
  const mock = await server();
  const backend = backendOf(name, `${mock.url}${root}`);
  const order = (prompt: string) => ({
    prompt,
    model: backend.profile.defaultModel,
    seconds: backend.profile.defaultSeconds,
    size: backend.profile.defaultSize,
    characters: [],
    idempotencyKey: `key-${prompt}`,
  });
  const finish = async (video: RemoteVideo): Promise<RemoteVideo> => {
    for (let poll = 0; poll < 10 && (video.state === 'queued' || video.state === 'in_progress'); poll++) {
      video = await backend.getVideo(video.remoteId);
    }
    return video;
  };
  const created = await backend.createVideo(order('a fox in the snow'));
  const done = await finish(created);
  expect(done).toMatchObject({ remoteId: created.remoteId, state: 'completed' });
  expect(await finish(await backend.createVideo(order('doom')))).toMatchObject({ state: 'failed' });
  const sent = mock.getRequests().filter((request) => request.method === 'POST');
  expect(sent.map((request) => request.path)).toEqual([path, path]);
  await expect(backend.createVideo(order('nobody expects this'))).rejects.toMatchObject({ charged: 'no' });
});
