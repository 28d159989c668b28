import { describe, expect, test } from 'vitest';
import type { SoraError } from '../../src/domain/errors.ts';
import type { BackendProfile } from '../../src/domain/models.ts';
import { toUsd } from '../../src/domain/money.ts';
import { type Candidate, type RouteRequest, route, sizeFor } from '../../src/routing/router.ts';
import { ask, character, down, FORWARDING, NOW, profile, REVERSE, SUBSTITUTE, up } from './router-fixtures.ts';

const BOTH = [up(FORWARDING), up(REVERSE)];
const WITH_SUBSTITUTE = [up(SUBSTITUTE), up(REVERSE)];
const girl = character('coffee_girl', { reverse: 'ready' });
const sam = character('sam', { reverse: 'ready' });
const everywhere = character('everywhere', { reverse: 'ready', forwarding: 'ready' });
const nowhere = character('nowhere');
const cast = (count: number) =>
  Array.from({ length: count }, (_, index) => character(`c${index}`, { reverse: 'ready' }));
const engine = profile({ id: 'engine', models: [], rates: [], defaultModel: 'wan-2', defaultSize: undefined });
const second = profile({ id: 'second' });
const heavy = profile({ id: 'heavy', weight: 5 });
const longOnly = profile({ id: 'long', models: [{ id: 'sora-2', status: 'active', sizes: [], seconds: [60, 120] }] });
const retiredModel = profile({
  id: 'old',
  models: [
    { id: 'sora-2', status: 'retired', retiredOn: '2026-09-24', replacement: 'sora-3', sizes: [], seconds: [] },
    { id: 'sora-3', status: 'active', sizes: [], seconds: [] },
  ],
});
const ended = profile({ id: 'ended', retired: { on: '2026-09-24', instead: 'another base URL' } });
const cheapSubstitute = { ...SUBSTITUTE, rates: [{ ...SUBSTITUTE.rates[0]!, usd: 0.001 }] };
const unpriced: BackendProfile = { ...REVERSE, id: 'unpriced', rates: [] };
const sizing = (id: string, how: 'shape' | 'none'): BackendProfile => ({
  ...REVERSE,
  id,
  capabilities: { ...REVERSE.capabilities, sizing: how },
});
const sizeless = sizing('sizeless', 'none');
const shapely = sizing('shapely', 'shape');
const oddDefault = profile({ defaultSeconds: 5 });
const paidCharacters = profile({ characterUsd: 0.01 });
const free = profile({ id: 'forwarding', characterUsd: 0 });

interface Chosen {
  /** Ids in order of preference. */
  readonly order: readonly string[];
  readonly first?: Readonly<Record<string, unknown>>;
  /** Each must stand in one of the first choice's reasons. */
  readonly says?: readonly RegExp[];
  readonly notSays?: RegExp;
  readonly refused?: readonly string[];
}

const CHOICES: readonly (readonly [string, RouteRequest, readonly Candidate[], Chosen])[] = [
  [
    'cost, the default: reverse',
    ask(),
    BOTH,
    { order: ['reverse', 'forwarding'], says: [/Priority is cost: \$0\.12 on reverse, \$0\.40 on forwarding/] },
  ],
  [
    'stability: forwarding',
    ask({ priority: 'stability' }),
    BOTH,
    { order: ['forwarding', 'reverse'], says: [/Priority is stability/] },
  ],
  [
    'cost is by price, not by route: one second is cheaper by the second',
    ask({ seconds: 1 }),
    [up(profile({ models: [] })), up(REVERSE)],
    { order: ['forwarding', 'reverse'], says: [/\$0\.10 on forwarding, \$0\.12 on reverse/] },
  ],
  [
    'what is configured: forwarding alone',
    ask(),
    [up(FORWARDING)],
    { order: ['forwarding'], says: [/only backend configured/] },
  ],
  [
    'what is configured: reverse alone, though stability',
    ask({ priority: 'stability' }),
    [up(REVERSE)],
    { order: ['reverse'] },
  ],
  [
    'an unknown price comes after a known one',
    ask(),
    [up(engine), up(FORWARDING)],
    { order: ['forwarding', 'engine'], says: [/an unknown price on engine/] },
  ],
  [
    'a reverse gateway of unknown price: cheaper than forwarding, as its kind is',
    ask(),
    [up(FORWARDING), up(unpriced)],
    { order: ['unpriced', 'forwarding'], says: [/reverse gateways are the cheaper kind; forwarding would be \$0\.40/] },
  ],
  [
    '… but not than one whose low price is known',
    ask(),
    [up(FORWARDING), up(unpriced), up(REVERSE)],
    { order: ['reverse', 'unpriced', 'forwarding'] },
  ],
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
    'an influence on nothing is said to be none',
    ask({ influence: true }),
    [up(REVERSE)],
    { order: ['reverse'], says: [/influence_strength has no effect/] },
  ],
  [
    'seconds are whole',
    ask({ seconds: 7.5 }),
    [up(REVERSE)],
    { order: ['reverse'], first: { seconds: 8 }, says: [/7\.5 s is made as 8 s, in whole seconds/] },
  ],
  ['an unknown price is said', ask(), [up(engine)], { order: ['engine'], says: [/What engine charges is not known/] }],
  [
    'the same price: weight',
    ask(),
    [up(FORWARDING), up(heavy)],
    { order: ['heavy', 'forwarding'], says: [/greater weight/] },
  ],
  [
    'the same price and weight: the order of configuration',
    ask(),
    [up(second), up(FORWARDING)],
    { order: ['second', 'forwarding'], says: [/configured first/] },
  ],
  [
    'a free sandbox: reverse for cost',
    ask(),
    BOTH.map(({ profile: each }) => up({ ...each, sandbox: true })),
    { order: ['reverse', 'forwarding'], says: [/at the same price the reverse route/] },
  ],
  [
    'stability: weight among forwarding ones',
    ask({ priority: 'stability' }),
    [up(FORWARDING), up(heavy), up(REVERSE)],
    { order: ['heavy', 'forwarding', 'reverse'] },
  ],
  [
    'a character bound to one backend pins it',
    ask({ characters: [girl] }),
    BOTH,
    { order: ['reverse'], says: [/@coffee_girl exists only on reverse/], refused: ['forwarding'] },
  ],
  [
    '… whatever the priority',
    ask({ characters: [girl], priority: 'stability' }),
    BOTH,
    { order: ['reverse'], says: [/exists only on reverse/] },
  ],
  [
    'a character on both: cost decides',
    ask({ characters: [everywhere] }),
    BOTH,
    { order: ['reverse', 'forwarding'], says: [/Priority is cost/], notSays: /only/ },
  ],
  [
    'a character on both: stability decides',
    ask({ characters: [everywhere], priority: 'stability' }),
    BOTH,
    { order: ['forwarding', 'reverse'], first: { characterMode: 'bound' } },
  ],
  [
    'several characters go where all are',
    ask({ characters: [everywhere, girl] }),
    BOTH,
    { order: ['reverse'], says: [/exist together only on reverse/] },
  ],
  [
    'the same character twice counts once',
    ask({ characters: [everywhere, everywhere, everywhere], priority: 'stability' }),
    BOTH,
    { order: ['forwarding', 'reverse'] },
  ],
  [
    'an unbound character: its source video stands in',
    ask({ characters: [nowhere] }),
    [up(SUBSTITUTE)],
    {
      order: ['gateway'],
      first: { characterMode: 'reference_video', characterVideoUrl: 'https://clips.example/nowhere.mp4' },
      says: [/source video goes along as a reference/, /one vendor’s test/],
    },
  ],
  [
    'its own id goes before a stand-in, even for stability',
    ask({ characters: [girl], priority: 'stability' }),
    WITH_SUBSTITUTE,
    { order: ['reverse', 'gateway'] },
  ],
  [
    'the stand-in is there when the pinned one is down',
    ask({ characters: [girl] }),
    [up(SUBSTITUTE), down(REVERSE)],
    {
      order: ['gateway'],
      first: { characterMode: 'reference_video' },
      says: [/reverse is left out: it is down \(connection refused\); it is tried again at 12:00 UTC/, /less well/],
    },
  ],
  [
    'a stand-in says how to bind for free where it would be better',
    ask({ characters: [nowhere] }),
    WITH_SUBSTITUTE,
    {
      order: ['gateway'],
      says: [
        /reverse would be preferred at \$0\.12 a video .* free: create_character with handle "nowhere" and backend "reverse"/,
      ],
    },
  ],
  [
    'a finished task’s link can stand in',
    ask({
      characters: [character('x', {}, { kind: 'task', taskId: 't', remoteId: 'r', backend: 'b' })],
      sourceUrls: { chr_x: 'https://link/x.mp4' },
    }),
    [up(SUBSTITUTE)],
    { order: ['gateway'], first: { characterVideoUrl: 'https://link/x.mp4' } },
  ],
  [
    'stability would prefer forwarding if the character were bound there, free',
    ask({ characters: [girl], priority: 'stability' }),
    [up(free), up(REVERSE)],
    {
      order: ['reverse'],
      says: [
        /forwarding would be preferred if it were bound there, which is free: create_character with handle "coffee_girl" and backend "forwarding"/,
      ],
    },
  ],
  [
    '… not where making it costs or its price is unknown',
    ask({ characters: [girl], priority: 'stability' }),
    BOTH,
    { order: ['reverse'], notSays: /create_character/ },
  ],
  [
    '… nor where that backend is down',
    ask({ characters: [girl], priority: 'stability' }),
    [down(free), up(REVERSE)],
    { order: ['reverse'], notSays: /create_character/ },
  ],
  [
    '… nor for cost, where it is dearer',
    ask({ characters: [girl] }),
    [up(free), up(REVERSE)],
    { order: ['reverse'], notSays: /create_character/ },
  ],
  [
    'a pinned backend',
    ask({ backend: 'forwarding' }),
    BOTH,
    { order: ['forwarding'], says: [/You asked for forwarding/] },
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
    'a length that only one makes',
    ask({ seconds: 30 }),
    BOTH,
    { order: ['reverse'], refused: ['forwarding'], says: [/only one that can make this/] },
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
    'an aspect ratio becomes each backend’s own size',
    ask({ aspectRatio: '16:9', priority: 'stability' }),
    BOTH,
    { order: ['forwarding', 'reverse'], first: { size: '1280x720' } },
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
    'a model the backend said it lacks: the next',
    ask(),
    [up(FORWARDING, { goneModels: { 'sora-2': NOW + 60_000 } })],
    { order: ['forwarding'], first: { model: 'sora-2-pro' } },
  ],
  [
    '… until that is old news',
    ask(),
    [up(FORWARDING, { goneModels: { 'sora-2': NOW - 1 } })],
    { order: ['forwarding'], first: { model: 'sora-2' } },
  ],
  [
    'a backend that is down is left out, and that is said',
    ask(),
    [up(FORWARDING), down(REVERSE)],
    { order: ['forwarding'], refused: ['reverse'], says: [/reverse is left out/] },
  ],
  [
    'a gone one too',
    ask(),
    [up(FORWARDING), up(REVERSE, { state: 'gone', reason: '410' })],
    {
      order: ['forwarding'],
      refused: ['reverse'],
      says: [/reverse is left out: the service says that it has ended \(410\)/],
    },
  ],
  [
    'half-open: it is tried again',
    ask(),
    [up(FORWARDING), down(REVERSE, NOW)],
    { order: ['reverse', 'forwarding'], says: [/reverse was down and is tried again now/] },
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
    'its own id goes before a cheaper stand-in',
    ask({ characters: [girl] }),
    [up(cheapSubstitute), up(REVERSE)],
    { order: ['reverse', 'gateway'] },
  ],
  ['weight does not outdo a price', ask(), [up(heavy), up(REVERSE)], { order: ['reverse', 'heavy'] }],
  [
    'a default length that is not made is rounded unsaid',
    ask(),
    [up(oddDefault)],
    { order: ['forwarding'], first: { seconds: 8 }, notSays: /is made as/ },
  ],
  [
    'a binding that costs is not advised',
    ask({ characters: [girl], priority: 'stability' }),
    [up(paidCharacters), up(REVERSE)],
    { order: ['reverse'], notSays: /create_character/ },
  ],
];

describe('where a request is made', () => {
  test.each(CHOICES)('%s', (_, request, candidates, expected) => {
    const decision = route(request, candidates, NOW);
    const [first] = decision.choices;
    expect(decision.choices.map((each) => each.backend)).toEqual(expected.order);
    if (expected.first) expect(first).toMatchObject(expected.first);
    for (const words of expected.says ?? []) expect(first!.reasons).toContainEqual(expect.stringMatching(words));
    if (expected.notSays) expect(first!.reasons.join(' ')).not.toMatch(expected.notSays);
    if (expected.refused) expect(decision.refused.map((each) => each.backend)).toEqual(expected.refused);
    for (const choice of decision.choices) {
      expect(choice.reasons.length).toBeGreaterThan(0);
      for (const reason of choice.reasons) expect(reason).toMatch(/^[A-Za-z@\d][^\n]*\.$/);
    }
  });
});

type Refused = readonly [
  string,
  RouteRequest,
  readonly Candidate[],
  Readonly<Record<string, unknown>>,
  RegExp,
  RegExp?,
];

const REFUSALS: Refused[] = [
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
    /has no sora-2; it is asked again at 12:01 UTC/,
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

test('the second choice says that it stands in', () => {
  expect(route(ask(), BOTH, NOW).choices[1]!.reasons).toEqual(['It stands in if reverse cannot be reached.']);
});

test('a shorter length goes to one that makes only long ones, and pays for it', () => {
  const [choice] = route(ask({ seconds: 5 }), [up(longOnly)], NOW).choices;
  expect(choice).toMatchObject({ seconds: 60, quote: 6_000_000 });
  expect(toUsd(choice!.quote!)).toBe(6);
});

test('the facts are not changed, and the same facts give the same decision', () => {
  const request = Object.freeze(ask({ characters: Object.freeze([everywhere]) as RouteRequest['characters'] }));
  const candidates = Object.freeze([...BOTH]);
  expect(route(request, candidates, NOW)).toEqual(route(request, candidates, NOW));
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
