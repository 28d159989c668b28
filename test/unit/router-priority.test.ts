import { describe, expect, test } from 'vitest';
import type { BackendProfile } from '../../src/domain/models.ts';
import { type RouteRequest, route } from '../../src/routing/router.ts';
import { BOTH, type Choice, engine, everywhere, expectChosen } from './router-cases.ts';
import { ask, down, FORWARDING, NOW, profile, REVERSE, up } from './router-fixtures.ts';

const second = profile({ id: 'second' });
const heavy = profile({ id: 'heavy', weight: 5 });
const unpriced: BackendProfile = { ...REVERSE, id: 'unpriced', rates: [] };

const CHOICES: readonly Choice[] = [
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
  ['an unknown price is said', ask(), [up(engine)], { order: ['engine'], says: [/What engine charges is not known/] }],
  ['weight does not outdo a price', ask(), [up(heavy), up(REVERSE)], { order: ['reverse', 'heavy'] }],
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
    'a pinned backend',
    ask({ backend: 'forwarding' }),
    BOTH,
    { order: ['forwarding'], says: [/You asked for forwarding/] },
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
];

describe('where a request is made, by price, stability and health', () => {
  test.each(CHOICES)('%s', (_, request, candidates, expected) => {
    expectChosen(request, candidates, expected);
  });
});

test('the second choice says that it stands in', () => {
  expect(route(ask(), BOTH, NOW).choices[1]!.reasons).toEqual(['It stands in if reverse cannot be reached.']);
});

test('the facts are not changed, and the same facts give the same decision', () => {
  const request = Object.freeze(ask({ characters: Object.freeze([everywhere]) as RouteRequest['characters'] }));
  const candidates = Object.freeze([...BOTH]);
  expect(route(request, candidates, NOW)).toEqual(route(request, candidates, NOW));
});
