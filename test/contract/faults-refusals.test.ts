import { describe, expect, it } from 'vitest';
import { facing } from './facing.ts';
import { failure, KEY, ORDER } from './subject.ts';

describe('what a refusal says', () => {
  it.each([
    [{ error: { code: 'model_not_found', message: 'The model does not exist' } }, 400, 'backend_gone', /another model/],
    [{ code: 'model_not_found', message: 'No available channel' }, 503, 'backend_gone', /another model/],
    [{ error: { code: 'sentinel_block', message: 'x' } }, 400, 'moderation_blocked', /real person/],
    [
      { error: { message: 'blocked by our moderation system when checking inputs' } },
      400,
      'moderation_blocked',
      /Rephrase/,
    ],
    [{ error: { message: 'Possible reasons: people-in-user-uploads' } }, 400, 'moderation_blocked', /real person/],
    [
      { error: { message: 'Inpaint image must match the requested width and height' } },
      400,
      'upstream_rejected',
      /exactly/,
    ],
    [{ error: { message: 'boom' }, is_bifrost_error: true }, 400, 'upstream_rejected', /./],
  ])('%j', async (body, status, code, hint) => {
    const { backend } = await facing({ status, body });
    const error = await failure(backend.createVideo(ORDER));
    expect(error).toMatchObject({ code, charged: 'no' });
    expect(error.hint).toMatch(hint);
    if (code === 'backend_gone') expect(error.details).toMatchObject({ model: 'sora-2' });
  });

  it.each([
    [
      'create',
      { code: 500, message: 'internal fault' },
      /answered 200 with an error 500 inside: internal fault/,
      '500',
    ],
    ['create', { error: 'no' }, /answered 200 with an error inside: no$/, undefined],
    ['get', { code: 500, message: 'internal fault' }, /answered 200 with an error 500 inside: internal fault$/, '500'],
    ['get', { code: 404, message: 'no such task' }, /answered 200 with an error 404 inside: no such task$/, '404'],
  ])('an error inside 200 is told as that: %s %j', async (operation, body, words, upstreamCode) => {
    const { backend } = await facing({ body }, {}, 'seed');
    const error = await failure(operation === 'create' ? backend.createVideo(ORDER) : backend.getVideo('v1'));
    expect(error.message).toMatch(words);
    expect(error.details?.status).toBe(200);
    if (error.code !== 'answer_lost') expect(error.details?.upstreamCode).toBe(upstreamCode);
  });

  it('never quotes the key', async () => {
    const { backend } = await facing({ status: 401, body: { error: { message: `Incorrect API key: ${KEY}.` } } });
    const error = await failure(backend.createVideo(ORDER));
    expect(error.message).toContain('Incorrect API key: [secret].');
    expect(JSON.stringify(error)).not.toContain(KEY);
  });

  it.each([404, 405, 501])('%i on an operation that many lack: this backend does not do that', async (status) => {
    const { backend } = await facing({ status, body: { detail: 'Not Found' } });
    const source = { kind: 'url', url: 'https://example.com/v.mp4' } as const;
    const seed = (await facing({ status }, {}, 'seed')).backend;
    for (const call of [
      () => backend.listVideos!({ limit: 1 }),
      () => backend.deleteVideo!('v1'),
      () => backend.revise!({ mode: 'remix', remoteTaskId: 'v1', prompt: 'x', model: 'sora-2', idempotencyKey: 'k' }),
      () => seed.createCharacter!({ name: 'n', description: '', source, idempotencyKey: 'k' }),
    ]) {
      const error = await failure(call());
      expect(error).toMatchObject({ code: 'not_supported', charged: 'no' });
      expect(error.message).toContain('this backend does not do that');
    }
  });

  it('a job that is not there is no missing operation', async () => {
    const { backend } = await facing({ status: 404, body: { error: { message: 'Video v1 not found' } } });
    expect(await failure(backend.deleteVideo!('v1'))).toMatchObject({ code: 'not_found' });
    expect(await failure(backend.getVideo('v1'))).toMatchObject({ code: 'not_found' });
  });
});
