import { describe, expect, test } from 'vitest';
import type { BackendProfile } from '../../src/domain/models.ts';
import { toUsd } from '../../src/domain/money.ts';
import { route, sizeFor } from '../../src/routing/router.ts';
import {
  BOTH,
  type Choice,
  engine,
  expectChosen,
  retiredModel,
  shapely,
  sizeless,
  WITH_SUBSTITUTE,
} from './router-cases.ts';
import { ask, FORWARDING, NOW, profile, REVERSE, up } from './router-fixtures.ts';

const longOnly = profile({ id: 'long', models: [{ id: 'sora-2', status: 'active', sizes: [], seconds: [60, 120] }] });
const oddDefault = profile({ defaultSeconds: 5 });

const CHOICES: readonly Choice[] = [
  [
    'a size goes before a price',
    ask({ size: '1280x720' }),
    [up(FORWARDING), up(sizeless)],
    { order: ['forwarding', 'sizeless'], says: [/takes what is asked for: sizeless cannot be told the size/] },
  ],
  [
    'one that chooses its size is taken where there is no other, and says so',
    ask({ aspectRatio: '16:9' }),
    [up(sizeless)],
    { order: ['sizeless'], says: [/sizeless takes no size and chooses its own/] },
  ],
  [
    'one that is told a shape makes that of the size',
    ask({ size: '1920x1080' }),
    [up(shapely)],
    { order: ['shapely'], first: { size: '1920x1080' }, says: [/told the shape only/] },
  ],
  [
    'an aspect ratio becomes each backend’s own size',
    ask({ aspectRatio: '16:9', priority: 'stability' }),
    BOTH,
    { order: ['forwarding', 'reverse'], first: { size: '1280x720' } },
  ],
  [
    'a size that only another model makes',
    ask({ size: '1792x1024' }),
    [up(FORWARDING)],
    {
      order: ['forwarding'],
      first: { model: 'sora-2-pro', quote: 2_000_000 },
      says: [/sora-2 does not make 1792x1024.*sora-2-pro is taken instead/],
    },
  ],
  [
    'seconds are whole',
    ask({ seconds: 7.5 }),
    [up(REVERSE)],
    { order: ['reverse'], first: { seconds: 8 }, says: [/7\.5 s is made as 8 s, in whole seconds/] },
  ],
  [
    '7 s is made as 8 s',
    ask({ seconds: 7 }),
    [up(FORWARDING)],
    { order: ['forwarding'], first: { seconds: 8, quote: 800_000 }, says: [/^7 s is made as 8 s/] },
  ],
  [
    'a length that is made stays',
    ask({ seconds: 12 }),
    [up(FORWARDING)],
    { order: ['forwarding'], first: { seconds: 12 }, notSays: /is made as/ },
  ],
  [
    'any length where all are made, in whole seconds',
    ask({ seconds: 7.2 }),
    [up(REVERSE)],
    { order: ['reverse'], first: { seconds: 8 }, says: [/7.2 s is made as 8 s/] },
  ],
  [
    'no length: the backend’s default, unsaid',
    ask(),
    [up(FORWARDING)],
    { order: ['forwarding'], first: { seconds: 4, size: '720x1280', model: 'sora-2' }, notSays: /is made as/ },
  ],
  [
    'a default length that is not made is rounded unsaid',
    ask(),
    [up(oddDefault)],
    { order: ['forwarding'], first: { seconds: 8 }, notSays: /is made as/ },
  ],
  [
    'a length that only one makes',
    ask({ seconds: 30 }),
    BOTH,
    { order: ['reverse'], refused: ['forwarding'], says: [/only one that can make this/] },
  ],
  [
    'a pinned model',
    ask({ model: 'sora-2-pro' }),
    BOTH,
    { order: ['forwarding'], refused: ['reverse'], first: { model: 'sora-2-pro' } },
  ],
  [
    'an empty model list takes any name',
    ask({ model: 'hunyuan' }),
    [up(engine), up(FORWARDING)],
    { order: ['engine'], first: { model: 'hunyuan' }, refused: ['forwarding'] },
  ],
  [
    'a retired default model: the next that is not',
    ask(),
    [up(retiredModel)],
    {
      order: ['old'],
      first: { model: 'sora-3' },
      says: [/sora-2 was retired on 2026-09-24\. Use sora-3\. sora-3 is taken instead/],
    },
  ],
  [
    'a model the backend said it lacks: one that costs no more',
    ask(),
    [up(profile({ rates: [{ ...FORWARDING.rates[0]!, model: '*' }] }), { goneModels: { 'sora-2': NOW + 60_000 } })],
    { order: ['forwarding'], first: { model: 'sora-2-pro' }, says: [/has no sora-2.*sora-2-pro is taken instead/] },
  ],
  [
    'a dearer one all the same where everything else costs more still',
    ask(),
    [
      up(FORWARDING, { goneModels: { 'sora-2': NOW + 60_000 } }),
      up(profile({ id: 'other', rates: [{ ...FORWARDING.rates[0]!, usd: 0.9 }] })),
    ],
    { order: ['forwarding', 'other'], first: { model: 'sora-2-pro', quote: 1_200_000 } },
  ],
  [
    'where another has the usual one for less, that',
    ask(),
    [up(FORWARDING, { goneModels: { 'sora-2': NOW + 60_000 } }), up(profile({ id: 'other' }))],
    { order: ['other'], first: { model: 'sora-2' }, refused: ['forwarding'] },
  ],
  [
    '… until that is old news',
    ask(),
    [up(FORWARDING, { goneModels: { 'sora-2': NOW - 1 } })],
    { order: ['forwarding'], first: { model: 'sora-2' } },
  ],
  [
    'a reference image goes where it is taken',
    ask({ referenceImage: true }),
    BOTH,
    { order: ['forwarding'], refused: ['reverse'] },
  ],
  [
    'a reference video too',
    ask({ referenceVideo: true }),
    WITH_SUBSTITUTE,
    { order: ['gateway'], first: { characterMode: 'none' }, refused: ['reverse'] },
  ],
  [
    'an influence on nothing is said to be none',
    ask({ influence: true }),
    [up(REVERSE)],
    { order: ['reverse'], says: [/influence_strength has no effect/] },
  ],
];

describe('where a request is made, by what it asks for', () => {
  test.each(CHOICES)('%s', (_, request, candidates, expected) => {
    expectChosen(request, candidates, expected);
  });
});

test('a shorter length goes to one that makes only long ones, and pays for it', () => {
  const [choice] = route(ask({ seconds: 5 }), [up(longOnly)], NOW).choices;
  expect(choice).toMatchObject({ seconds: 60, quote: 6_000_000 });
  expect(toUsd(choice!.quote!)).toBe(6);
});

test.each<[BackendProfile, string, '16:9' | '9:16' | '1:1', string | undefined]>([
  [FORWARDING, 'sora-2', '16:9', '1280x720'],
  [FORWARDING, 'sora-2', '9:16', '720x1280'],
  [FORWARDING, 'sora-2-pro', '16:9', '1280x720'],
  [FORWARDING, 'sora-2', '1:1', undefined],
  [REVERSE, 'sora-2', '16:9', '1280x720'],
  [REVERSE, 'sora-2', '1:1', '720x720'],
  [profile({ models: [], defaultSize: '480x832' }), 'wan', '1:1', '480x480'],
])('sizeFor %#', (backend, model, ratio, size) => {
  expect(sizeFor(backend, model, ratio)).toBe(size);
});
