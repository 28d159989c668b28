import type { BackendProfile, ModelOffer } from '../domain/models.ts';
import { formatUsd } from '../domain/money.ts';
import {
  ASPECT_RATIOS,
  type AspectRatio,
  aspectRatioOf,
  roundUpSeconds,
  type Size,
  shortSide,
} from '../domain/video.ts';
import { type CharacterFit, fitCharacters } from './cast.ts';
import type { Candidate, Refusal, RouteRequest } from './decision.ts';
import { modelGoneUntil } from './health.ts';
import { defaultSize, offerOf, type Price, priceOf } from './pricing.ts';

/** A backend that can make the request, and how it would. */
export interface Fit extends CharacterFit {
  readonly candidate: Candidate;
  readonly model: string;
  readonly seconds: number;
  readonly size?: Size | undefined;
  readonly price?: Price | undefined;
  /** A size or shape is wanted, and the backend cannot be told it. */
  readonly sizeIgnored?: boolean | undefined;
  /** What was changed to make it fit, in short sentences. */
  readonly notes: readonly string[];
  /** The usual model is gone, and this one costs more, which nobody has asked for: why it is not simply taken. */
  readonly dearer?: Refusal | undefined;
}

/** Whether one backend can make the request, its health left aside; else the first thing that stands against it. */
export function fitTo(request: RouteRequest, candidate: Candidate, now: number): Fit | Refusal {
  const { profile } = candidate;
  const { referenceImage, referenceVideo } = profile.capabilities;
  if (request.referenceImage && !referenceImage) return lacks(profile, 'reference_image', 'reference images');
  if (request.referenceVideo && !referenceVideo) return lacks(profile, 'reference_video', 'reference videos');
  const made = fitModel(request, candidate, now);
  if ('code' in made) return made;
  const cast = fitCharacters(request, profile);
  if ('code' in cast) return cast;
  const notes = [...made.notes, ...influenceNote(request, cast)];
  return { candidate, ...made, ...cast, notes, price: priceOf(profile, made) };
}

function influenceNote({ influence, referenceVideo }: RouteRequest, { characterMode }: CharacterFit): string[] {
  const used = referenceVideo || characterMode === 'reference_video';
  return influence && !used ? ['influence_strength has no effect, because no reference video is sent.'] : [];
}

export function isRefusal(result: Fit | Refusal): result is Refusal {
  return 'code' in result;
}

type Sizing = NonNullable<BackendProfile['capabilities']['sizing']>;
type Made = Pick<Fit, 'model' | 'seconds' | 'size' | 'sizeIgnored' | 'notes' | 'dearer'>;

/**
 * The pinned model; else the default one, or when that cannot make it, the cheapest of the others that can.
 */
function fitModel(request: RouteRequest, candidate: Candidate, now: number): Made | Refusal {
  const { profile } = candidate;
  const wanted = request.model ?? profile.defaultModel;
  const first = tryModel(request, candidate, wanted, now);
  if (request.model !== undefined || !('code' in first)) return first;
  const others = profile.models
    .filter((offer) => offer.id !== wanted)
    .map((offer) => tryModel(request, candidate, offer.id, now))
    .filter((result): result is Made => !('code' in result));
  const cost = (made: Made) => priceOf(profile, made)?.amount ?? Number.POSITIVE_INFINITY;
  const best = others.reduce<Made | undefined>(
    (least, made) => (least === undefined || cost(made) < cost(least) ? made : least),
    undefined,
  );
  if (best === undefined) return first;
  const notes = [`${first.reason} ${best.model} is taken instead.`, ...best.notes];
  const replaced = offerOf(profile, wanted)?.replacement === best.model;
  const usual = first.code === 'model_retired' && !replaced ? priceOf(profile, { ...best, model: wanted }) : undefined;
  if (usual === undefined || cost(best) <= usual.amount) return { ...best, notes };
  return { ...best, notes, dearer: { ...first, hint: dearerHint(best, priceOf(profile, best)) } };
}

function dearerHint({ model }: Made, price: Price | undefined): string {
  const cost = price ? `costs ${formatUsd(price.amount)}` : 'has no known price';
  return `Name it to take another model: ${model} ${cost}.`;
}

function tryModel(request: RouteRequest, candidate: Candidate, model: string, now: number): Made | Refusal {
  const { profile, health } = candidate;
  const refuse = (code: Refusal['code'], field: string, reason: string, details?: Refusal['details']): Refusal => ({
    backend: profile.id,
    code,
    field,
    reason,
    details,
  });
  const offer = offerOf(profile, model);
  if (offer === undefined && profile.models.length > 0) {
    const models = modelsOf(candidate, now);
    return refuse('not_supported', 'model', `${model} is not made there; it has ${list(models)}.`, { models });
  }
  if (offer && isRetired(offer, now)) {
    const since = offer.retiredOn ? ` on ${offer.retiredOn}` : '';
    const models = modelsOf(candidate, now);
    const instead = offer.replacement ? `Use ${offer.replacement}.` : `It has ${list(models)}.`;
    const details = { models, ...(offer.replacement && { replacement: offer.replacement }) };
    return refuse('model_retired', 'model', `${model} was retired${since}. ${instead}`, details);
  }
  const goneUntil = modelGoneUntil(health, model, now);
  if (goneUntil !== undefined) {
    const models = modelsOf(candidate, now);
    const reason = `The backend said that it has no ${model}, and is asked again at ${clock(goneUntil)}; it has ${list(models)}.`;
    return refuse('model_retired', 'model', reason, { models });
  }
  const sizes = offer?.sizes ?? [];
  // Where its sizes are known, one of them comes; where they are not, nobody can say.
  const sizing = sizes.length > 0 ? 'size' : (profile.capabilities.sizing ?? 'size');
  if (request.size !== undefined && sizes.length > 0 && !sizes.includes(request.size)) {
    return refuse('not_supported', 'size', `${model} does not make ${request.size}, but ${list(sizes)}.`, { sizes });
  }
  if (request.size !== undefined && sizing === 'shape' && aspectRatioOf(request.size) === undefined) {
    const reason = `${profile.id} is told a shape only, ${list(ASPECT_RATIOS)}, and ${request.size} is none of them.`;
    return refuse('not_supported', 'size', reason, { aspect_ratios: ASPECT_RATIOS });
  }
  const ratio = request.size === undefined && sizing !== 'none' ? request.aspectRatio : undefined;
  const shaped = ratio && sizeFor(profile, model, ratio);
  if (ratio !== undefined && shaped === undefined) {
    return refuse('not_supported', 'aspect_ratio', `${model} makes no ${ratio}, but ${list(sizes)}.`, { sizes });
  }
  const lengths = offer?.seconds ?? [];
  const asked = request.seconds ?? profile.defaultSeconds;
  const seconds = roundUpSeconds(Math.ceil(asked), lengths);
  if (seconds === undefined) {
    const reason = `${asked} s is longer than ${model} makes: ${list(lengths)} s.`;
    return refuse('limit_exceeded', 'duration', reason, { seconds: lengths });
  }
  const notes = [...lengthNote(request, model, seconds, lengths), ...sizeNote(request, profile, sizing)];
  const size = sizing === 'none' ? undefined : (request.size ?? shaped ?? defaultSize(profile, model));
  return { model, seconds, size, sizeIgnored: isSizeIgnored(request, sizing), notes };
}

/** What can be named instead of a model that is not there. */
function modelsOf({ profile, health }: Candidate, now: number): readonly string[] {
  return profile.models
    .filter((offer) => !isRetired(offer, now) && modelGoneUntil(health, offer.id, now) === undefined)
    .map(({ id }) => id);
}

function lengthNote(request: RouteRequest, model: string, seconds: number, lengths: readonly number[]): string[] {
  if (request.seconds === undefined || request.seconds === seconds) return [];
  const why = lengths.length === 0 ? 'in whole seconds' : `the next length ${model} makes`;
  return [`${request.seconds} s is made as ${seconds} s, ${why}.`];
}

function sizeNote(request: RouteRequest, { id }: BackendProfile, sizing: Sizing): string[] {
  if (!isSizeIgnored(request, sizing)) return [];
  return [
    sizing === 'shape'
      ? `${id} is told the shape only and chooses the pixels.`
      : `${id} takes no size and chooses its own.`,
  ];
}

function isSizeIgnored({ size, aspectRatio }: RouteRequest, sizing: Sizing): boolean {
  if (sizing === 'size') return false;
  return size !== undefined || (sizing === 'none' && aspectRatio !== undefined);
}

/** The size of a shape that a model makes: as large as the default one where there is a choice. */
export function sizeFor(profile: BackendProfile, model: string, aspectRatio: AspectRatio): Size | undefined {
  const usual = defaultSize(profile, model);
  const side = usual ? shortSide(usual) : 720;
  const sizes = offerOf(profile, model)?.sizes ?? [];
  if (sizes.length === 0) {
    if (usual && aspectRatioOf(usual) === aspectRatio) return usual;
    return anySize(side, aspectRatio);
  }
  const fitting = sizes.filter((size) => aspectRatioOf(size) === aspectRatio);
  return fitting.sort((a, b) => Math.abs(shortSide(a) - side) - Math.abs(shortSide(b) - side))[0];
}

function anySize(side: number, aspectRatio: AspectRatio): Size {
  // Encoders want even sides.
  const long = Math.round((side * 16) / 9 / 2) * 2;
  switch (aspectRatio) {
    case '16:9':
      return `${long}x${side}`;
    case '9:16':
      return `${side}x${long}`;
    case '1:1':
      return `${side}x${side}`;
    default:
      return aspectRatio satisfies never;
  }
}

export function isRetired(offer: ModelOffer, now: number): boolean {
  if (offer.status === 'retired') return true;
  return offer.retiredOn !== undefined && now >= Date.parse(offer.retiredOn);
}

function lacks(profile: BackendProfile, field: string, what: string): Refusal {
  return { backend: profile.id, code: 'not_supported', field, reason: `It takes no ${what}.` };
}

export function list(items: readonly (string | number)[]): string {
  if (items.length === 0) return 'none';
  return items.length === 1 ? `${items[0]}` : `${items.slice(0, -1).join(', ')} or ${items.at(-1)}`;
}

/** `14:05 UTC`. */
export function clock(ms: number): string {
  return `${new Date(ms).toISOString().slice(11, 16)} UTC`;
}
