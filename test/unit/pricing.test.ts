import { describe, expect, test } from 'vitest';
import type { BackendProfile, Rate } from '../../src/domain/models.ts';
import { times, toUsd } from '../../src/domain/money.ts';
import { priceOf, quotesFor } from '../../src/routing/pricing.ts';
import { FORWARDING, profile, REVERSE } from './router-fixtures.ts';

const usdOf = (backend: BackendProfile, model: string, seconds: number, size?: `${number}x${number}`) => {
  const price = priceOf(backend, { model, seconds, size });
  return price && toUsd(price.amount);
};

describe('the price table of the seed document', () => {
  test.each([
    [5, 0.5, 2.5, 0.12],
    [10, 1.0, 5.0, 0.12],
    [20, 2.0, 10.0, 0.12],
  ])('%i s: $%d standard, $%d pro, $%d reverse', (seconds, standard, pro, reverse) => {
    expect(usdOf(FORWARDING, 'sora-2', seconds)).toBe(standard);
    expect(usdOf(FORWARDING, 'sora-2-pro', seconds, '1792x1024')).toBe(pro);
    expect(usdOf(REVERSE, 'sora-2', seconds)).toBe(reverse);
  });

  test.each([
    ['standard', FORWARDING, 'sora-2', '1280x720', 500, 6_000],
    ['pro', FORWARDING, 'sora-2-pro', '1792x1024', 2_500, 30_000],
    ['reverse', REVERSE, 'sora-2', undefined, 60, 720],
  ] as const)('500 videos of 10 s, %s', (_, backend, model, size, month, year) => {
    const price = priceOf(backend, { model, seconds: 10, size })!;
    expect(toUsd(times(price.amount, 500))).toBe(month);
    expect(toUsd(times(price.amount, 500 * 12))).toBe(year);
  });

  test('a second costs $0.10 to $0.50, and making a character is free or not to be had', () => {
    expect(usdOf(FORWARDING, 'sora-2', 1)).toBe(0.1);
    expect(usdOf(FORWARDING, 'sora-2-pro', 1, '1024x1792')).toBe(0.5);
    const [reverse] = quotesFor(REVERSE, { seconds: 10, withCharacter: true });
    expect(reverse!.notes).toEqual(['making a character is free']);
    const without = profile({ id: 'plain', capabilities: { ...FORWARDING.capabilities, maxCharacters: 0 } });
    expect(quotesFor(without, { seconds: 10, withCharacter: true })[0]!.notes).toContain('cannot keep a character');
  });
});

describe('one price', () => {
  test.each([
    ['sora-2-pro', 8, '1280x720', 2.4],
    ['sora-2-pro', 8, '720x1280', 2.4],
    ['sora-2-pro', 8, '1024x1792', 4],
    ['sora-2-pro', 8, '1920x1080', 5.6],
    ['sora-2', 12, undefined, 1.2],
    ['sora-2-pro', 4, undefined, 1.2],
  ] as const)('%s, %i s, %s: $%d', (model, seconds, size, usd) => {
    expect(usdOf(FORWARDING, model, seconds, size)).toBe(usd);
  });

  test('is whole micro-dollars, whatever the floats say', () => {
    const odd: Rate = { model: 'm', unit: 'second', usd: 0.1, source: 's', asOf: '2026-01-01', confidence: 'exact' };
    const backend = profile({ rates: [odd], models: [] });
    for (let seconds = 1; seconds <= 600; seconds++) {
      expect(priceOf(backend, { model: 'm', seconds })!.amount).toBe(seconds * 100_000);
    }
  });

  test('is not known without a rate for the model or the size', () => {
    expect(usdOf(FORWARDING, 'sora-3', 8)).toBeUndefined();
    expect(usdOf(FORWARDING, 'sora-2-pro', 8, '640x360')).toBeUndefined();
    expect(usdOf(profile({ rates: [] }), 'sora-2', 8)).toBeUndefined();
  });

  test('a rate for any model holds where a model has none of its own', () => {
    const any: Rate = { model: '*', unit: 'video', usd: 0, source: 'mine', asOf: '2026-01-01', confidence: 'exact' };
    const backend = profile({ models: [], rates: [any, ...REVERSE.rates] });
    expect(usdOf(backend, 'wan-2', 8)).toBe(0);
    expect(usdOf(backend, 'sora-2', 8)).toBe(0.12);
  });

  test('a sandbox costs nothing even with the rates of what it stands for', () => {
    expect(usdOf({ ...FORWARDING, sandbox: true }, 'sora-2', 8)).toBe(0);
    const quotes = quotesFor({ ...FORWARDING, sandbox: true }, { seconds: 8 });
    expect(quotes.map((each) => each.perVideo)).toEqual([0]);
    expect(quotes[0]!.notes[0]).toMatch(/sandbox/);
  });
});

describe('quotes', () => {
  test('without model and size there is one for each rate', () => {
    const quotes = quotesFor(FORWARDING, { seconds: 8 });
    expect(quotes.map((each) => [each.model, each.sizeClass, toUsd(each.perVideo!)])).toEqual([
      ['sora-2', undefined, 0.8],
      ['sora-2-pro', '720p', 2.4],
      ['sora-2-pro', '1024p', 4],
      ['sora-2-pro', '1080p', 5.6],
    ]);
    expect(quotes[0]).toEqual({
      backend: 'forwarding',
      route: 'forwarding',
      model: 'sora-2',
      perVideo: 800_000,
      source: 'price list',
      asOf: '2026-03-01',
      confidence: 'exact',
      notes: [],
    });
  });

  test('any length is priced as asked, and the quote says which are made', () => {
    const quotes = quotesFor(FORWARDING, { seconds: 10, model: 'sora-2' });
    expect(quotes).toMatchObject([{ perVideo: 1_000_000, makesSeconds: [4, 8, 12] }]);
    expect(quotesFor(FORWARDING, { seconds: 8, model: 'sora-2' })[0]).not.toHaveProperty('makesSeconds');
    expect(quotesFor(FORWARDING, { seconds: 20, model: 'sora-2' })[0]!.notes).toEqual([
      'longer than it makes: at most 12 s',
    ]);
    expect(quotesFor(REVERSE, { seconds: 37 })[0]).not.toHaveProperty('makesSeconds');
  });

  test('a model or a size narrows them', () => {
    expect(quotesFor(FORWARDING, { seconds: 8, model: 'sora-2-pro' })).toHaveLength(3);
    expect(quotesFor(FORWARDING, { seconds: 8, size: '1920x1080' })).toMatchObject([{ sizeClass: '1080p' }]);
    expect(quotesFor(FORWARDING, { seconds: 8, size: '1280x720' }).map((each) => each.model)).toEqual([
      'sora-2',
      'sora-2-pro',
    ]);
    expect(quotesFor(FORWARDING, { seconds: 8, model: 'sora-2', size: '1920x1080' })).toEqual([]);
    expect(quotesFor(FORWARDING, { seconds: 8, model: 'sora-9' })).toEqual([]);
  });

  test('no rate: one quote without a price', () => {
    const own = profile({ id: 'mine', models: [], rates: [], defaultModel: 'wan-2' });
    const [quote, ...more] = quotesFor(own, { seconds: 8 });
    expect(more).toEqual([]);
    expect(quote).toMatchObject({ model: 'wan-2', confidence: 'unknown' });
    expect(quote).not.toHaveProperty('perVideo');
    expect(quotesFor(own, { seconds: 8, model: 'other', size: '640x640' })).toMatchObject([{ model: 'other' }]);
  });

  test('what is retired says so', () => {
    const [sora] = FORWARDING.models;
    const old = profile({
      models: [{ ...sora!, status: 'retired', retiredOn: '2026-09-24', replacement: 'sora-3' }],
      retired: { on: '2026-09-24', instead: 'a self-hosted engine' },
    });
    expect(quotesFor(old, { seconds: 8, model: 'sora-2' })[0]!.notes).toEqual([
      'ended on 2026-09-24; use a self-hosted engine',
      'sora-2 was retired on 2026-09-24; use sora-3',
    ]);
  });
});

test('only models that are offered are quoted, and the default one also where its price is not known', () => {
  const models = [{ id: 'sora-9', status: 'active', sizes: [], seconds: [] }] as const;
  const quotes = quotesFor(profile({ models, defaultModel: 'sora-9' }), { seconds: 8 });
  expect(quotes.map(({ model, perVideo }) => [model, perVideo])).toEqual([['sora-9', undefined]]);
});
