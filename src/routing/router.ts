import { invalid, SoraError } from '../domain/errors.ts';
import { MAX_SECONDS } from '../domain/video.ts';
import type { Candidate, Choice, Decision, Refusal, RouteRequest } from './decision.ts';
import { clock, type Fit, fitTo, isRefusal } from './fit.ts';
import { standingOf } from './health.ts';
import { rank } from './rank.ts';
import { reasonsFor } from './reasons.ts';
import { refusalError } from './refusals.ts';

export type { Candidate, CharacterMode, Choice, Decision, Refusal, RouteRequest } from './decision.ts';
export { sizeFor } from './fit.ts';

/**
 * Decides where a request is made, and says why. Pure: the same facts give the same decision.
 * Throws `SoraError` when nothing configured can make it: `invalid_argument`, `no_backend`, `not_supported`,
 * `limit_exceeded`, `model_retired`, `character_not_ready`, `backend_gone`, or, `retryable`, `backend_unavailable`.
 */
export function route(request: RouteRequest, candidates: readonly Candidate[], now: number): Decision {
  checkSeconds(request.seconds);
  if (candidates.length === 0) {
    throw new SoraError({
      code: 'no_backend',
      message: 'no backend is configured',
      hint: 'Set SORA_BASE_URL and SORA_API_KEY, or neither for the sandbox.',
    });
  }
  const pinned = pinnedOf(request, candidates);
  const able: Fit[] = [];
  const refused: Refusal[] = [];
  for (const candidate of candidates) {
    const result = refusedAsEnded(candidate, now) ?? fitTo(request, candidate, now);
    if (isRefusal(result)) refused.push(result);
    else {
      const sick = refusedForHealth(candidate, now);
      if (sick) refused.push(sick);
      else able.push(result);
    }
  }
  const asked = pinned ? able.filter((each) => each.candidate === pinned) : able;
  const wanted = asked.filter((each) => !each.dearer || asked.some((other) => !other.dearer && costsMore(other, each)));
  refused.push(...asked.flatMap((each) => (each.dearer && !wanted.includes(each) ? [each.dearer] : [])));
  const plain = able.filter((each) => !each.dearer);
  if (wanted.length === 0) throw refusalError(refused, plain, pinned, now);
  const sizes = refused.filter(({ field }) => field === 'size' || field === 'aspect_ratio');
  // That one backend cannot be told is no way around what those say that can.
  if (!pinned && sizes.length > 0 && wanted.every((each) => each.sizeIgnored))
    throw refusalError(sizes, [], pinned, now);
  const ranked = rank(request.priority, wanted);
  const facts = { request, candidates, ranked, refused, now };
  return { choices: ranked.map((each, index) => choiceOf(each, reasonsFor(facts, index))), refused };
}

/** A price that is not known may be any. */
function costsMore(one: Fit, other: Fit): boolean {
  return (one.price?.amount ?? Number.POSITIVE_INFINITY) > (other.price?.amount ?? Number.POSITIVE_INFINITY);
}

function checkSeconds(seconds: number | undefined): void {
  if (seconds === undefined) return;
  if (!Number.isFinite(seconds) || seconds <= 0) {
    throw invalid('duration', `duration ${seconds} is not a length`, 'Give a number of seconds greater than 0.');
  }
  if (seconds > MAX_SECONDS) {
    throw new SoraError({
      code: 'limit_exceeded',
      field: 'duration',
      message: `duration ${seconds} s is longer than any backend makes`,
      hint: `Give at most ${MAX_SECONDS}; longer films are made of scenes.`,
    });
  }
}

function pinnedOf(request: RouteRequest, candidates: readonly Candidate[]): Candidate | undefined {
  if (request.backend === undefined) return undefined;
  const pinned = candidates.find(({ profile }) => profile.id === request.backend);
  if (pinned) return pinned;
  const ids = candidates.map(({ profile }) => profile.id);
  throw new SoraError({
    code: 'no_backend',
    field: 'backend',
    message: `no backend is called ${JSON.stringify(request.backend.slice(0, 60))}`,
    hint: `Configured: ${ids.join(', ')}.`,
    details: { backends: ids },
  });
}

/** Before its models are looked at: a service that has ended has none, and what counts is where to go. */
function refusedAsEnded({ profile }: Candidate, now: number): Refusal | undefined {
  if (!profile.retired || now < Date.parse(profile.retired.on)) return undefined;
  const reason = `The service at ${profile.origin} ended on ${profile.retired.on}; use ${profile.retired.instead}.`;
  return { backend: profile.id, code: 'backend_gone', reason, able: true };
}

function refusedForHealth({ profile, health }: Candidate, now: number): Refusal | undefined {
  if (standingOf(health, now) !== 'refused') return undefined;
  const why = health.reason ? ` (${health.reason.replace(/\.$/, '')})` : '';
  const again = health.until === undefined ? '' : `; it is tried again at ${clock(health.until)}`;
  const gone = health.state === 'gone';
  const reason = gone ? `The service says that it has ended${why}${again}.` : `It is down${why}${again}.`;
  const code = gone ? 'backend_gone' : 'backend_unavailable';
  return { backend: profile.id, code, reason, until: health.until, able: true };
}

function choiceOf(each: Fit, reasons: readonly string[]): Choice {
  const { profile } = each.candidate;
  return {
    backend: profile.id,
    route: profile.route,
    model: each.model,
    seconds: each.seconds,
    ...(each.size === undefined ? {} : { size: each.size }),
    ...(each.price === undefined ? {} : { quote: each.price.amount }),
    characterMode: each.characterMode,
    ...(each.sizeIgnored ? { sizeIgnored: true } : {}),
    ...(each.characterVideoUrl === undefined ? {} : { characterVideoUrl: each.characterVideoUrl }),
    reasons,
  };
}
