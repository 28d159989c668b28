import { realpathSync } from 'node:fs';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createCharacter } from '../../src/mcp/tools/create-character.ts';
import { extractCharacter } from '../../src/mcp/tools/extract-character.ts';
import { madeNote } from '../../src/mcp/views.ts';
import { startUpstream } from '../contract/upstream.ts';
import { aBackend, startApp } from '../helpers/app.ts';
import { aCharacter } from '../helpers/mcp.ts';
import { clipBytes } from '../helpers/media.ts';
import { aTask } from '../store/fixtures.ts';

const ORIGINAL = 'https://example.com/eve.mp4';
const OTHER = 'https://example.com/ann.mp4';
const EVE = { name: 'Eve Roe', rights_confirmed: true } as const;
const NOTE =
  'On other @eve_roe is made from another clip than on reverse, and may look different there. create_character without video_url and file_path uses the kept clip, which is this one from now on.';

async function aCast() {
  const { sandbox } = await startApp({ track: false });
  const backends = ['reverse', 'other'].map((id) => aBackend('reverse', sandbox.baseUrl, { id }));
  const app = await startApp({
    sandbox,
    backends: [...backends, aBackend('forwarding', sandbox.baseUrl)],
    track: false,
  });
  const noteOf = async (input: object) => {
    const asked = { ...EVE, ...input } as Parameters<typeof createCharacter.handler>[0];
    const { data } = await createCharacter.handler(asked, { services: app.services, context: {} });
    return data.note;
  };
  return { ...app, noteOf };
}

describe('a character that is made from another clip than elsewhere', () => {
  test('is told to be so, and which clip is kept', async () => {
    const { noteOf, store } = await aCast();
    expect(await noteOf({ video_url: ORIGINAL, backend: 'reverse' })).toBeUndefined();
    expect(await noteOf({ video_url: OTHER, backend: 'other' })).toBe(NOTE);
    expect(store.characters.byHandle('local', 'eve_roe')?.source).toMatchObject({ url: OTHER });
  });

  test.each([
    ['is left out', {}],
    ['is the same', { video_url: ORIGINAL }],
    ['is spelt differently', { video_url: 'HTTPS://example.com:443/eve.mp4' }],
  ])('is no news where the clip %s', async (_, given) => {
    const { noteOf } = await aCast();
    await noteOf({ video_url: ORIGINAL, backend: 'reverse' });
    expect(await noteOf({ ...given, backend: 'other' })).toBeUndefined();
  });

  test('is told to be so where it is extracted', async () => {
    const upstream = await startUpstream({ body: { id: 'ch_1', username: 'ab.eve' } });
    onTestFinished(() => upstream.close());
    const at = { dialect: 'sora-v1' } as const;
    const backends = ['reverse', 'other'].map((id) => aBackend('reverse', `${upstream.origin}/v1`, { id, ...at }));
    const { services, store } = await startApp({ backends, track: false });
    await services.characters.create({ name: EVE.name, rightsConfirmed: true, videoUrl: ORIGINAL, backend: 'reverse' });
    upstream.reply({ body: { id: 'ch_2', username: 'ab.eve2' } });
    const task = aTask({ backend: 'other', state: 'completed', remoteId: 'job_1', seconds: 2 });
    store.tasks.insert(task);
    const asked = { ...EVE, task_id: task.id };
    const { data } = await extractCharacter.handler(asked, { services, context: {} });
    expect(data.note).toBe(NOTE);
  });

  test('is no news where the clip is that of the task it was extracted from', async () => {
    const { noteOf, dataDir, services, store } = await aCast();
    const file = join(realpathSync(dataDir), 'clip.mp4');
    await writeFile(file, await clipBytes());
    const filePath = join(dataDir, 'link.mp4');
    await symlink(file, filePath);
    const task = aTask({ backend: 'reverse', state: 'completed', remoteId: 'job_1', filePath });
    store.tasks.insert(task);
    const eve = await services.characters.create({ ...EVE, rightsConfirmed: true, videoUrl: ORIGINAL });
    const source = { kind: 'task', taskId: task.id, remoteId: 'job_1', backend: 'reverse' } as const;
    store.characters.update('local', eve.id, { source });
    expect(await noteOf({ file_path: filePath, backend: 'forwarding' })).toBeUndefined();
  });

  test('is no news where what it was made from elsewhere is not known', async () => {
    const { noteOf, services, store } = await aCast();
    const eve = await services.characters.create({ ...EVE, rightsConfirmed: true, videoUrl: ORIGINAL });
    store.characters.update('local', eve.id, { source: { kind: 'adopted', backend: 'reverse' } });
    const [{ backend } = { backend: '' }] = eve.bindings;
    const elsewhere = backend === 'other' ? 'reverse' : 'other';
    expect(await noteOf({ video_url: OTHER, backend: elsewhere })).toBeUndefined();
  });

  test('and takes longer than a caller waits is told both', () => {
    const open = { backend: 'other', route: 'reverse', state: 'submitting', createdAt: 0 } as const;
    const otherClip = { on: 'other', than: ['reverse'] };
    const note = madeNote({ ...aCharacter({ handle: 'eve_roe', bindings: [open] }), otherClip });
    expect(note).toMatch(/^@eve_roe is still being made on other, .* Do not create it again\. /);
    expect(note).toContain(NOTE);
  });
});
