import { describe, test } from 'vitest';
import { BOTH, type Choice, everywhere, expectChosen, girl, nowhere, WITH_SUBSTITUTE } from './router-cases.ts';
import { ask, character, down, profile, REVERSE, SUBSTITUTE, up } from './router-fixtures.ts';

const cheapSubstitute = { ...SUBSTITUTE, rates: [{ ...SUBSTITUTE.rates[0]!, usd: 0.001 }] };
const paidCharacters = profile({ characterUsd: 0.01 });
const free = profile({ id: 'forwarding', characterUsd: 0 });

const CHOICES: readonly Choice[] = [
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
    'its own id goes before a cheaper stand-in',
    ask({ characters: [girl] }),
    [up(cheapSubstitute), up(REVERSE)],
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
    'a binding that costs is not advised',
    ask({ characters: [girl], priority: 'stability' }),
    [up(paidCharacters), up(REVERSE)],
    { order: ['reverse'], notSays: /create_character/ },
  ],
];

describe('where a request is made, by its characters', () => {
  test.each(CHOICES)('%s', (_, request, candidates, expected) => {
    expectChosen(request, candidates, expected);
  });
});
