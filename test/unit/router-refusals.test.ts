import { describe, expect, test } from 'vitest';
import type { SoraError } from '../../src/domain/errors.ts';
import { type Candidate, type RouteRequest, route } from '../../src/routing/router.ts';
import { BOTH, girl, nowhere, retiredModel, shapely, sizeless } from './router-cases.ts';
import { ask, character, down, FORWARDING, NOW, profile, REVERSE, SUBSTITUTE, up } from './router-fixtures.ts';

const sam = character('sam', { reverse: 'ready' });
const cast = (count: number) =>
  Array.from({ length: count }, (_, index) => character(`c${index}`, { reverse: 'ready' }));
const ended = profile({ id: 'ended', retired: { on: '2026-09-24', instead: 'another base URL' } });

type Refused = readonly [
  string,
  RouteRequest,
  readonly Candidate[],
  Readonly<Record<string, unknown>>,
  RegExp,
  RegExp?,
];

const REFUSALS: Refused[] = [
  [
    'a size that nobody who knows sizes makes, though one could not be told',
    ask({ size: '999x999' }),
    [up(FORWARDING), up(sizeless)],
    { code: 'not_supported', field: 'size' },
    /forwarding: .*999x999/,
  ],
  [
    'a shape likewise',
    ask({ aspectRatio: '1:1', priority: 'stability' }),
    [up(FORWARDING), up(sizeless)],
    { code: 'not_supported', field: 'aspect_ratio' },
    /makes no 1:1/,
  ],
  ['nothing configured', ask(), [], { code: 'no_backend' }, /no backend is configured/],
  [
    'no such backend',
    ask({ backend: 'foo' }),
    BOTH,
    { code: 'no_backend', field: 'backend' },
    /"foo"/,
    /forwarding, reverse/,
  ],
  ['no length', ask({ seconds: -1 }), BOTH, { code: 'invalid_argument', field: 'duration' }, /-1/],
  ['not a number', ask({ seconds: Number.NaN }), BOTH, { code: 'invalid_argument', field: 'duration' }, /NaN/],
  ['an absurd length', ask({ seconds: 1e9 }), BOTH, { code: 'limit_exceeded', field: 'duration' }, /longer than any/],
  [
    'longer than it makes',
    ask({ seconds: 13 }),
    [up(FORWARDING)],
    { code: 'limit_exceeded', field: 'duration', details: expect.objectContaining({ seconds: [4, 8, 12] }) },
    /13 s is longer than sora-2 makes: 4, 8 or 12 s/,
  ],
  [
    'a size of no shape that can be told',
    ask({ size: '1000x700' }),
    [up(shapely)],
    { code: 'not_supported', field: 'size' },
    /told a shape only, 16:9, 9:16 or 1:1, and 1000x700 is none of them/,
  ],
  [
    'a size nobody makes',
    ask({ size: '123x456' }),
    [up(FORWARDING)],
    { code: 'not_supported', field: 'size' },
    /does not make 123x456, but 720x1280 or 1280x720/,
  ],
  [
    'a size the pinned model lacks',
    ask({ model: 'sora-2', size: '1792x1024' }),
    [up(FORWARDING)],
    { code: 'not_supported', field: 'size' },
    /sora-2 does not make 1792x1024/,
  ],
  [
    'a shape nobody makes',
    ask({ aspectRatio: '1:1' }),
    [up(FORWARDING)],
    { code: 'not_supported', field: 'aspect_ratio' },
    /no 1:1/,
  ],
  [
    'a model nobody has',
    ask({ model: 'veo' }),
    BOTH,
    { code: 'not_supported', field: 'model' },
    /veo is not made there; it has sora-2 or sora-2-pro/,
  ],
  [
    'a retired model',
    ask({ model: 'sora-2' }),
    [up(retiredModel)],
    { code: 'model_retired', field: 'model', details: expect.objectContaining({ replacement: 'sora-3' }) },
    /retired on 2026-09-24. Use sora-3/,
  ],
  [
    'a model the backend said it lacks',
    ask({ model: 'sora-2' }),
    [up(FORWARDING, { goneModels: { 'sora-2': NOW + 60_000 } })],
    { code: 'model_retired', field: 'model' },
    /has no sora-2, and is asked again at 12:01 UTC; it has sora-2-pro/,
  ],
  [
    'the default model the backend said it lacks, where another is dearer',
    ask(),
    [up(FORWARDING, { goneModels: { 'sora-2': NOW + 60_000 } })],
    {
      code: 'model_retired',
      hint: 'Name it to take another model: sora-2-pro costs $1.20.',
      details: expect.objectContaining({ models: ['sora-2-pro'] }),
    },
    /has no sora-2/,
  ],
  [
    'a retired model without a replacement: what there is',
    ask({ model: 'sora-2' }),
    [up(profile({ models: [{ ...FORWARDING.models[0]!, status: 'retired' }, FORWARDING.models[1]!] }))],
    { code: 'model_retired', details: expect.objectContaining({ models: ['sora-2-pro'] }) },
    /sora-2 was retired\. It has sora-2-pro/,
  ],
  [
    'too many characters',
    ask({ characters: cast(6) }),
    [up(REVERSE)],
    { code: 'limit_exceeded', field: 'characters', details: expect.objectContaining({ max_characters: 5 }) },
    /at most 5 characters in one video, and 6/,
  ],
  [
    'two stand-ins',
    ask({ characters: [girl, sam] }),
    [up(SUBSTITUTE)],
    { code: 'limit_exceeded', field: 'characters' },
    /stands in for one only/,
  ],
  [
    'a stand-in beside the caller’s own reference video',
    ask({ characters: [girl], referenceVideo: true }),
    [up(SUBSTITUTE)],
    { code: 'not_supported', field: 'characters' },
    /already given/,
  ],
  [
    'a stand-in without an address',
    ask({ characters: [character('x', {}, { kind: 'file', path: '/x.mp4' })] }),
    [up(SUBSTITUTE)],
    { code: 'not_supported', field: 'characters' },
    /no source video address/,
  ],
  [
    'no characters there',
    ask({ characters: [girl] }),
    [up({ ...SUBSTITUTE, capabilities: { ...SUBSTITUTE.capabilities, referenceVideo: false } })],
    { code: 'not_supported', field: 'characters' },
    /has no characters/,
  ],
  [
    'a character bound nowhere',
    ask({ characters: [nowhere] }),
    [up(REVERSE)],
    { code: 'character_not_ready', field: 'characters' },
    /@nowhere is not bound there/,
    /create_character with handle "nowhere" and backend "reverse" binds it there, free/,
  ],
  [
    'a character still being made',
    ask({ characters: [character('x', { reverse: 'submitting' })] }),
    [up(REVERSE)],
    { code: 'character_not_ready' },
    /still being made/,
    /few seconds/,
  ],
  [
    'a character whose creation was lost',
    ask({ characters: [character('x', { reverse: 'unknown' })] }),
    [up(REVERSE)],
    { code: 'character_not_ready' },
    /not known/,
    /blindly/,
  ],
  [
    'a character that failed',
    ask({ characters: [character('x', { reverse: 'failed' })] }),
    [up(REVERSE)],
    { code: 'character_not_ready' },
    /failed/,
    /create_character/,
  ],
  [
    'an adopted character elsewhere',
    ask({
      characters: [character('x', { reverse: 'ready' }, { kind: 'adopted', backend: 'reverse' })],
      backend: 'forwarding',
    }),
    BOTH,
    { code: 'character_not_ready' },
    /not bound/,
    /cannot be made on forwarding.*reverse can make it/,
  ],
  [
    'characters that live apart',
    ask({ characters: [girl, character('y', { forwarding: 'ready' })] }),
    BOTH,
    { code: 'character_not_ready' },
    /forwarding: @coffee_girl is not bound there; reverse: @y is not bound there/,
  ],
  [
    'an impossible pin says who can',
    ask({ backend: 'forwarding', seconds: 30 }),
    BOTH,
    { code: 'limit_exceeded', details: expect.objectContaining({ able: ['reverse'] }) },
    /^forwarding: 30 s is longer/,
    /reverse can make it/,
  ],
  [
    'a pinned backend that is down',
    ask({ backend: 'reverse' }),
    [up(FORWARDING), down(REVERSE)],
    { code: 'backend_unavailable', retryable: true, retryAfterSeconds: 30 },
    /down/,
    /forwarding can make it/,
  ],
  [
    'all down',
    ask(),
    [down(FORWARDING, NOW + 90_000), down(REVERSE)],
    { code: 'backend_unavailable', retryable: true, charged: 'no', retryAfterSeconds: 30 },
    /forwarding: it is down .*12:01 UTC; reverse: it is down/,
  ],
  [
    'down is nearer than unable',
    ask({ seconds: 30 }),
    [up(FORWARDING), down(REVERSE)],
    { code: 'backend_unavailable', retryable: true },
    /^reverse: it is down/,
  ],
  [
    'an ended service',
    ask(),
    [up(ended)],
    { code: 'backend_gone', retryable: false },
    /ended on 2026-09-24; use another base URL/,
  ],
  [
    'a reference image nobody takes',
    ask({ referenceImage: true }),
    [up(REVERSE)],
    { code: 'not_supported', field: 'reference_image' },
    /no reference images/,
  ],
  [
    'a reference video nobody takes',
    ask({ referenceVideo: true }),
    BOTH,
    { code: 'not_supported', field: 'reference_video' },
    /no reference videos/,
  ],
];

describe('what is refused before anything is sent', () => {
  test.each(REFUSALS.map((row) => ({ title: row[0], row })))('$title', ({ row }) => {
    const [, request, candidates, facts, message, hint] = row;
    let error: SoraError | undefined;
    try {
      route(request, candidates, NOW);
    } catch (thrown) {
      error = thrown as SoraError;
    }
    expect(error).toMatchObject({ name: 'SoraError', charged: 'no', ...facts });
    expect(error!.message).toMatch(message);
    if (hint) expect(error!.hint).toMatch(hint);
  });
});
