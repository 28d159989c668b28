import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { BackendHealth } from '../../src/domain/health.ts';
import { bindingBackend } from '../../src/services/binding-choice.ts';
import { Characters } from '../../src/services/characters.ts';
import type { WatchedBackend } from '../../src/services/core.ts';
import { Videos } from '../../src/services/videos.ts';
import { failure } from '../helpers/app.ts';
import { clipBytes } from '../helpers/media.ts';
import { openStudio } from '../helpers/studio.ts';
import { aCharacter, aTask } from '../store/fixtures.ts';

const EVE = { name: 'Eve Roe', videoUrl: 'https://example.com/eve.mp4', rightsConfirmed: true } as const;

interface Standing {
  readonly ended?: boolean;
  readonly health?: Partial<BackendHealth>;
  readonly makes?: boolean;
}

/** Both sandbox backends, standing so; and the errors that a character and a video meet there. */
async function standing(of: { readonly forwarding?: Standing; readonly reverse?: Standing }) {
  const studio = await openStudio();
  const backends = new Map<string, WatchedBackend>();
  for (const [id, real] of studio.core.backends) {
    const { ended, health, makes = true } = of[id as 'forwarding' | 'reverse'] ?? {};
    const retired = ended ? { on: '2020-02-02', instead: 'a gateway' } : undefined;
    const capabilities = { ...real.profile.capabilities, createCharacter: makes };
    const profile = { ...real.profile, capabilities, ...(retired && { retired }) };
    backends.set(id, { ...real, profile, health: () => ({ ...real.health(), ...health }) });
  }
  const core = { ...studio.core, backends };
  const characters = new Characters(core, core.workspace('local'));
  const videos = new Videos(core, core.workspace('local'));
  return {
    core,
    characters,
    refusal: (more: object = {}) => failure(characters.create({ ...EVE, ...more })),
    ofVideo: (more: object = {}) => failure(videos.generate({ prompt: 'a fox', ...more })),
  };
}

const ENDED = { ended: true } as const;
const DOWN = { health: { state: 'down', reason: 'no answer 5 times' } } as const;
const ENDED_WORDS = /: the service at http:\S+ ended on 2020-02-02; use a gateway/;

describe('a character that no backend can make now is refused as a video is', () => {
  test('where all have ended: with what to configure instead', async () => {
    const { refusal, ofVideo } = await standing({ forwarding: ENDED, reverse: ENDED });
    const error = await refusal();
    expect(error).toMatchObject({ code: 'backend_gone', retryable: false, charged: 'no', hint: undefined });
    expect(error.message).toMatch(ENDED_WORDS);
    expect(error.message).toBe((await ofVideo()).message);
    const named = await refusal({ backend: 'reverse' });
    expect(named).toMatchObject({ code: 'backend_gone', hint: undefined });
    expect(named.message).toMatch(/^reverse: the service/);
  });

  test('where all are down: it may be tried again', async () => {
    const { core, refusal, ofVideo } = await standing({ forwarding: DOWN, reverse: DOWN });
    const error = await refusal();
    expect(error).toMatchObject({ code: 'backend_unavailable', retryable: true, charged: 'no' });
    expect(error.message).toBe((await ofVideo()).message);
    expect(error.message).toContain('reverse: it is down (no answer 5 times)');
    expect(core.store.characters.byHandle('local', 'eve_roe')).toBeUndefined();
  });

  test.each([
    ['has ended', ENDED, 'backend_gone', ENDED_WORDS],
    ['is down', DOWN, 'backend_unavailable', /no answer 5 times/],
  ])('where the named one %s: with the others that can', async (_, how, code, words) => {
    const { refusal } = await standing({ reverse: how });
    const error = await refusal({ backend: 'reverse' });
    expect(error).toMatchObject({ code, hint: expect.stringContaining('forwarding can make it') });
    expect(error.message).toMatch(words);
  });

  test('no other is named that takes no files', async () => {
    const { core, refusal } = await standing({ forwarding: ENDED });
    const filePath = join(core.store.dataDir, 'eve.mp4');
    await writeFile(filePath, await clipBytes());
    const given = { videoUrl: undefined, filePath };
    expect(await refusal({ ...given, backend: 'forwarding' })).toMatchObject({ code: 'backend_gone', hint: undefined });
    expect(await refusal(given)).toMatchObject({ code: 'not_supported', field: 'file_path' });
  });

  test('no other is named where it exists already', async () => {
    const { core, refusal } = await standing({ reverse: DOWN });
    const { id: characterId } = core.store.characters.insert(aCharacter({ handle: 'eve_roe' }));
    const there = { workspace: 'local', backend: 'forwarding', route: 'forwarding' } as const;
    core.store.bindings.insertIntent({ ...there, characterId, id: 'bind_1', sendKey: 'send_1' });
    expect((await refusal({ backend: 'reverse' })).hint).toBe('Nothing was sent; try again later.');
  });

  test('a video of one that has ended is not cut out', async () => {
    const { core, characters } = await standing({ forwarding: ENDED, reverse: ENDED });
    const task = aTask({ backend: 'reverse', state: 'completed', remoteId: 'job_1' });
    core.store.tasks.insert(task);
    const error = await failure(characters.extract({ taskId: task.id, name: 'Eve Roe', rightsConfirmed: true }));
    expect(error).toMatchObject({ code: 'backend_gone', message: expect.stringMatching(ENDED_WORDS) });
  });
});

describe('a hint names only those that can be asked now', () => {
  test.each([
    ['is up', {}, 'These do: reverse.'],
    ['has ended', ENDED, 'None that does can make this one now.'],
    ['is down', DOWN, 'None that does can make this one now.'],
    ['makes none either', { makes: false }, 'No configured backend does.'],
  ])('where the other one %s', async (_, reverse, hint) => {
    const { refusal } = await standing({ forwarding: { makes: false }, reverse });
    expect(await refusal({ backend: 'forwarding' })).toMatchObject({ code: 'not_supported', hint });
  });
});

test.each([
  ['is up', {}, /reverse\. Or use create_character with video_url/],
  ['has ended', ENDED, /^None that does can be asked now\.$/],
])('nor does the advice of an extraction elsewhere, where the one that could %s', async (_, reverse, hint) => {
  const { core, characters } = await standing({ forwarding: { makes: false }, reverse });
  const made = { backend: 'forwarding', state: 'completed', remoteId: 'job_1', seconds: 2 } as const;
  const task = aTask({ ...made, videoUrl: EVE.videoUrl });
  core.store.tasks.insert(task);
  const error = await failure(characters.extract({ taskId: task.id, name: 'Eve Roe', rightsConfirmed: true }));
  expect(error).toMatchObject({ code: 'not_supported', hint: expect.stringMatching(hint) });
});

test('one that was down is tried when its time has come, after those that are up', async () => {
  const reverse = { health: { ...DOWN.health, until: 1 } };
  const chosen = async (forwarding: Standing) => {
    const { core } = await standing({ forwarding, reverse });
    const source = { kind: 'video_url', url: EVE.videoUrl } as const;
    return bindingBackend(core, { wanted: undefined, existing: undefined, source, span: {} }).profile.id;
  };
  expect(await chosen(ENDED)).toBe('reverse');
  expect(await chosen({})).toBe('forwarding');
});
