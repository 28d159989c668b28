import type { BackendProfile, ModelOffer, Rate } from '../domain/models.ts';
import { formatUsd, fromUsd, type MicroUsd } from '../domain/money.ts';
import { type Route, roundUpSeconds, type Size, shortSide } from '../domain/video.ts';

/** A rate with this model name holds for every model that has no rate of its own. */
export const ANY_MODEL = '*';

export interface PriceRequest {
  readonly model: string;
  readonly seconds: number;
  /** Absent: the size the backend makes when none is asked for. */
  readonly size?: Size | undefined;
}

export interface Price {
  readonly amount: MicroUsd;
  readonly rate: Rate;
}

/**
 * What one video costs: the one function behind the quote, the reservation and the settlement.
 * Undefined when no rate is known for it.
 */
export function priceOf(profile: BackendProfile, request: PriceRequest): Price | undefined {
  const size = request.size ?? defaultSize(profile, request.model);
  const rates = ratesOf(profile, request.model);
  const rate =
    rates.find((each) => each.shortSides !== undefined && holdsFor(each, size)) ??
    rates.find((each) => each.shortSides === undefined);
  if (profile.sandbox) return { amount: fromUsd(0), rate: rate?.usd === 0 ? rate : free(request.model) };
  return rate && { amount: amountOf(rate, request.seconds), rate };
}

/** One line of an estimate; `estimate_cost` shows it as it is. */
export interface RateQuote {
  readonly backend: string;
  readonly route: Route;
  readonly model: string;
  /** The class of sizes the rate holds for, e.g. `720p`; absent when it holds for all. */
  readonly sizeClass?: string | undefined;
  /** Absent when the price is unknown. */
  readonly perVideo?: MicroUsd | undefined;
  readonly source: string;
  /** ISO date on which the source said so. */
  readonly asOf?: string | undefined;
  readonly confidence: 'exact' | 'estimated' | 'unknown';
  /** The lengths that are made, when the one asked for is not among them. */
  readonly makesSeconds?: readonly number[] | undefined;
  readonly notes: readonly string[];
}

export interface QuoteRequest {
  /** Priced as asked, whatever lengths are made. */
  readonly seconds: number;
  readonly model?: string | undefined;
  readonly size?: Size | undefined;
  readonly withCharacter?: boolean | undefined;
}

/** What a backend would charge: one quote for each rate that fits, cheapest model first as its rates stand. Empty when it has no such model or size. */
export function quotesFor(profile: BackendProfile, request: QuoteRequest): RateQuote[] {
  if (request.model !== undefined && !offers(profile, request.model)) return [];
  const rates = request.model === undefined ? ratesOfOffers(profile) : ratesOf(profile, request.model);
  const fitting = rates.filter((rate) => request.size === undefined || holdsFor(rate, request.size));
  const model = request.model ?? profile.defaultModel;
  if (profile.sandbox && fitting.every((rate) => rate.usd !== 0)) {
    return makes(profile, model, request.size) ? [quote(profile, request, free(model), model)] : [];
  }
  const quotes = fitting.flatMap((rate) => {
    const name = rate.model === ANY_MODEL ? model : rate.model;
    return makes(profile, name, request.size) ? [quote(profile, request, rate, name)] : [];
  });
  const told = quotes.some((each) => each.model === model) || !makes(profile, model, request.size);
  return told ? quotes : [...quotes, quote(profile, request, undefined, model)];
}

function quote(profile: BackendProfile, request: QuoteRequest, rate: Rate | undefined, model: string): RateQuote {
  const offer = offerOf(profile, model);
  const lengths = offer?.seconds ?? [];
  const made = lengths.length === 0 || lengths.includes(request.seconds);
  return {
    backend: profile.id,
    route: profile.route,
    model,
    ...(rate?.shortSides ? { sizeClass: rate.shortSides.map((side) => `${side}p`).join('/') } : {}),
    ...(rate ? { perVideo: amountOf(rate, request.seconds), asOf: rate.asOf } : {}),
    source: rate?.source ?? 'no price is known for this backend',
    confidence: rate?.confidence ?? 'unknown',
    ...(made ? {} : { makesSeconds: lengths }),
    notes: notesOn(profile, offer, request),
  };
}

function notesOn(profile: BackendProfile, offer: ModelOffer | undefined, request: QuoteRequest): string[] {
  const notes: string[] = [];
  if (profile.sandbox) notes.push('sandbox: its clips cost nothing');
  if (profile.retired) notes.push(`ended on ${profile.retired.on}; use ${profile.retired.instead}`);
  if (offer?.status === 'retired') {
    const when = offer.retiredOn ? ` on ${offer.retiredOn}` : '';
    notes.push(`${offer.id} was retired${when}${offer.replacement ? `; use ${offer.replacement}` : ''}`);
  }
  const lengths = offer?.seconds ?? [];
  if (roundUpSeconds(request.seconds, lengths) === undefined) {
    notes.push(`longer than it makes: at most ${lengths.at(-1)} s`);
  }
  if (request.withCharacter) notes.push(characterNote(profile));
  return notes;
}

function characterNote(profile: BackendProfile): string {
  const { maxCharacters, referenceVideo } = profile.capabilities;
  if (maxCharacters === 0) {
    return referenceVideo ? 'keeps a character by its source video only, which is weaker' : 'cannot keep a character';
  }
  if (profile.characterUsd === undefined) return 'the price of making a character is unknown';
  const price = profile.characterUsd === 0 ? 'is free' : `costs ${formatUsd(fromUsd(profile.characterUsd))} once`;
  return `making a character ${price}`;
}

/** The size that is made when none is asked for. */
export function defaultSize(profile: BackendProfile, model: string): Size | undefined {
  const sizes = offerOf(profile, model)?.sizes ?? [];
  if (sizes.length === 0) return profile.defaultSize;
  return profile.defaultSize !== undefined && sizes.includes(profile.defaultSize) ? profile.defaultSize : sizes[0];
}

export function offerOf(profile: BackendProfile, model: string): ModelOffer | undefined {
  return profile.models.find((offer) => offer.id === model);
}

/** A backend whose list is empty takes any name. */
export function offers(profile: BackendProfile, model: string): boolean {
  return profile.models.length === 0 || offerOf(profile, model) !== undefined;
}

function makes(profile: BackendProfile, model: string, size: Size | undefined): boolean {
  const sizes = offerOf(profile, model)?.sizes ?? [];
  return size === undefined || sizes.length === 0 || sizes.includes(size);
}

/** Of the models that it offers. */
function ratesOfOffers(profile: BackendProfile): readonly Rate[] {
  return profile.rates.filter((rate) => rate.model === ANY_MODEL || offers(profile, rate.model));
}

function ratesOf(profile: BackendProfile, model: string): readonly Rate[] {
  const own = profile.rates.filter((rate) => rate.model === model);
  return own.length > 0 ? own : profile.rates.filter((rate) => rate.model === ANY_MODEL);
}

function holdsFor(rate: Rate, size: Size | undefined): boolean {
  if (rate.shortSides === undefined) return true;
  return size !== undefined && rate.shortSides.includes(shortSide(size));
}

function amountOf(rate: Rate, seconds: number): MicroUsd {
  switch (rate.unit) {
    case 'second':
      return fromUsd(rate.usd * seconds);
    case 'video':
      return fromUsd(rate.usd);
    default:
      return rate.unit satisfies never;
  }
}

function free(model: string): Rate {
  return { model, unit: 'video', usd: 0, source: 'sandbox', asOf: '2026-11-22', confidence: 'exact' };
}
