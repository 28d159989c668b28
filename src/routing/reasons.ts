import { bindingOn } from '../domain/character.ts';
import { formatUsd } from '../domain/money.ts';
import { canBind, castReason, distinct } from './cast.ts';
import type { Candidate, Refusal, RouteRequest } from './decision.ts';
import { type Fit, fitTo, isRefusal } from './fit.ts';
import { standingOf } from './health.ts';
import { priceOf } from './pricing.ts';
import { rank } from './rank.ts';

export interface RankedFacts {
  readonly request: RouteRequest;
  readonly candidates: readonly Candidate[];
  /** The best first. */
  readonly ranked: readonly Fit[];
  readonly refused: readonly Refusal[];
  readonly now: number;
}

const STANDS_IN = 'It stands in if';

/** Whether a reason is that of a second choice, which says nothing once it has come to that. */
export function isStandIn(reason: string): boolean {
  return reason.startsWith(STANDS_IN);
}

/** Why this choice stands where it does, in short sentences. */
export function reasonsFor(facts: RankedFacts, index: number): string[] {
  const { request, candidates, ranked, refused, now } = facts;
  const chosen = ranked[index]!;
  const { profile, health } = chosen.candidate;
  const others = candidates.map((each) => each.profile.id).filter((id) => id !== profile.id);
  const reasons: (string | undefined)[] = [];
  if (request.backend !== undefined) reasons.push(`You asked for ${profile.id}.`);
  const cast = castReason(request, profile, chosen.characterMode, others);
  reasons.push(cast);
  if (request.backend === undefined) {
    if (index > 0) reasons.push(`${STANDS_IN} ${ranked[0]!.candidate.profile.id} cannot be reached.`);
    else if (chosen.characterMode !== 'bound' || cast === undefined) reasons.push(preference(facts, chosen));
    const sick = refused.filter((each) => each.able);
    reasons.push(...sick.map((each) => `${each.backend} is left out: ${lowerFirst(each.reason)}`));
  }
  if (standingOf(health, now) === 'trial') reasons.push(`${profile.id} was down and is tried again now.`);
  reasons.push(...chosen.notes);
  if (chosen.price === undefined) reasons.push(`What ${profile.id} charges is not known.`);
  if (index === 0) reasons.push(bindingAdvice(facts, chosen));
  return reasons.filter((reason) => reason !== undefined);
}

function preference({ request, candidates, ranked }: RankedFacts, chosen: Fit): string {
  const { profile } = chosen.candidate;
  const rival = ranked.find((each) => each !== chosen && each.characterMode === chosen.characterMode);
  if (candidates.length === 1) return `${profile.id} is the only backend configured.`;
  if (rival === undefined) {
    return ranked.length > 1
      ? `${profile.id} knows the character.`
      : `${profile.id} is the only one that can make this.`;
  }
  const other = rival.candidate.profile;
  if (rival.sizeIgnored && !chosen.sizeIgnored) {
    return `${profile.id} takes what is asked for: ${other.id} cannot be told the size.`;
  }
  switch (request.priority) {
    case 'stability':
      if (profile.route === other.route) break;
      return `Priority is stability, and ${profile.id} speaks the forwarding protocol, the steadier of the two.`;
    case 'cost': {
      const [mine, theirs] = [chosen.price?.amount, rival.price?.amount];
      if (mine === theirs) break;
      if (mine === undefined && profile.route === 'reverse' && other.route === 'forwarding') {
        return `Priority is cost, and reverse gateways are the cheaper kind; ${other.id} would be ${formatUsd(theirs!)}.`;
      }
      const cheaper = `Priority is cost: ${mine === undefined ? 'unknown' : formatUsd(mine)} on ${profile.id}`;
      return `${cheaper}, ${theirs === undefined ? 'an unknown price' : formatUsd(theirs)} on ${other.id}.`;
    }
    default:
      request.priority satisfies never;
  }
  if (profile.weight !== other.weight) return `${profile.id} has the greater weight in the configuration.`;
  if (profile.route !== other.route)
    return `Priority is cost, and at the same price the ${profile.route} route is taken.`;
  return `${profile.id} is configured first.`;
}

/** Where a better place lacks only a free binding, it says how to get there. */
function bindingAdvice({ request, candidates, now }: RankedFacts, chosen: Fit): string | undefined {
  const cast = distinct(request.characters);
  if (request.backend !== undefined || cast.length === 0) return undefined;
  for (const candidate of candidates) {
    const { profile, health } = candidate;
    if (profile.id === chosen.candidate.profile.id || profile.characterUsd !== 0 || profile.retired) continue;
    if (cast.length > profile.capabilities.maxCharacters || standingOf(health, now) === 'refused') continue;
    const unbound = cast.filter((each) => bindingOn(each, profile.id)?.state !== 'ready');
    const free = unbound.every((each) => bindingOn(each, profile.id) === undefined && canBind(each, profile));
    if (unbound.length === 0 || !free) continue;
    const there = fitTo({ ...request, characters: [] }, candidate, now);
    if (isRefusal(there)) continue;
    const bound: Fit = { ...there, characterMode: 'bound', price: priceOf(profile, there) };
    if (rank(request.priority, [chosen, bound])[0] !== bound) continue;
    const names = unbound.map((each) => `"${each.handle}"`).join(' and ');
    const price = bound.price && request.priority === 'cost' ? ` at ${formatUsd(bound.price.amount)} a video` : '';
    const better = `${profile.id} would be preferred${price} if ${unbound.length > 1 ? 'they were' : 'it were'} bound there`;
    return `${better}, which is free: create_character with handle ${names} and backend "${profile.id}".`;
  }
  return undefined;
}

export function lowerFirst(sentence: string): string {
  return /^(It|The)\b/.test(sentence) ? sentence.charAt(0).toLowerCase() + sentence.slice(1) : sentence;
}
