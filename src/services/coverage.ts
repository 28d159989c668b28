import { SoraError } from '../domain/errors.ts';
import { formatUsd, fromUsd, type MicroUsd, NOTHING, sum, toUsd } from '../domain/money.ts';
import { ceilingOf } from './agreement.ts';
import type { Core, Workspace } from './core.ts';
import { priceUnknown } from './money.ts';
import type { QuotedScene } from './scene-quotes.ts';
import { inScene } from './scenes.ts';

interface Wish {
  readonly maxCostUsd?: number | undefined;
  readonly partial?: boolean | undefined;
  /** What is held for scenes that will not be made after all. */
  readonly freed?: MicroUsd | undefined;
}

export interface Covered {
  readonly scenes: readonly QuotedScene[];
  /** Which scenes are not covered, and why, when some are not. */
  readonly missing?: string | undefined;
}

/** A sum that all scenes of one call must keep to. */
interface Bound {
  readonly left: MicroUsd;
  /** As a sentence goes on after a price. */
  readonly words: string;
  readonly field?: string | undefined;
  readonly renewsAt?: string | undefined;
}

/**
 * The scenes that the limits of the caller and the operator cover: all of them, or with `partial` the first that fit.
 * Throws `budget_exceeded` or `price_unknown` otherwise, and when not one is covered.
 */
export function cover(core: Core, workspace: Workspace, quote: readonly QuotedScene[], wish: Wish): Covered {
  if (quote.length === 0) return { scenes: [] };
  const bounds = boundsOf(core, workspace, wish);
  const unpriced = quote.find(({ choice }) => choice.quote === undefined);
  if (unpriced && bounds.length > 0) throw inScene(priceUnknown(unpriced.choice.backend), unpriced.index);
  const each = ceilingOf(workspace, undefined);
  const allowed = quote.filter(({ choice }) => each.allows(choice.quote));
  const tooDear = quote.find((scene) => !allowed.includes(scene));
  if (tooDear && (!wish.partial || allowed.length === 0)) throw inScene(each.refusal(tooDear.choice), tooDear.index);
  const tightest = bounds.reduce<Bound | undefined>((least, bound) => {
    return least && least.left <= bound.left ? least : bound;
  }, undefined);
  const total = priceOf(allowed);
  if (!tightest || total <= tightest.left) return { scenes: allowed, missing: missingOf(quote, allowed, undefined) };
  let used = 0;
  const first = allowed.filter(({ choice }) => {
    used += choice.quote ?? 0;
    return used <= tightest.left;
  });
  if (!wish.partial || first.length === 0) throw refusal(allowed, first, tightest);
  return { scenes: first, missing: missingOf(quote, first, tightest) };
}

interface Foresight {
  readonly notes: readonly string[];
  /** The call would be refused as it stands. */
  readonly refused: boolean;
}

/** What the limits would make of it, told beforehand. */
export function foresee(core: Core, workspace: Workspace, quote: readonly QuotedScene[], wish: Wish): Foresight {
  try {
    const { scenes, missing } = cover(core, workspace, quote, { ...wish, partial: true });
    const asked = askNotes(workspace, wish.partial ? scenes : quote);
    if (missing === undefined) return { notes: asked, refused: false };
    if (wish.partial) return { notes: [`left out: ${missing}`, ...asked], refused: false };
    return { notes: [`not covered: ${missing}; refused whole without partial: true`], refused: true };
  } catch (error) {
    if (error instanceof SoraError) return { notes: [error.message], refused: true };
    throw error;
  }
}

function askNotes({ limits }: Workspace, scenes: readonly QuotedScene[]): string[] {
  const above = limits.confirmAbove;
  if (above === undefined || scenes.length === 0) return [];
  const priced = scenes.every(({ choice }) => choice.quote !== undefined);
  if (priced && priceOf(scenes) <= above) return [];
  return [
    `${priced ? formatUsd(priceOf(scenes)) : 'an unknown price'} needs a person's yes: it is above ${formatUsd(above)}`,
  ];
}

export function priceOf(scenes: readonly QuotedScene[]): MicroUsd {
  return sum(scenes.map(({ choice }) => choice.quote ?? NOTHING));
}

function boundsOf(core: Core, workspace: Workspace, { maxCostUsd, freed = NOTHING }: Wish): Bound[] {
  const { day, month } = workspace.limits;
  const summary = core.store.ledger.summary(workspace.name, core.clock(), { day, month });
  const bounds: Bound[] = [];
  if (maxCostUsd !== undefined) {
    const left = fromUsd(maxCostUsd);
    bounds.push({ left, words: `max_cost_usd is ${formatUsd(left)}`, field: 'max_cost_usd' });
  }
  for (const window of ['day', 'month'] as const) {
    const { left, limit, renewsAt } = summary[window];
    if (left === undefined || limit === undefined) continue;
    const words = `${formatUsd(sum([left, freed]))} is left of the ${window}'s ${formatUsd(limit)}`;
    bounds.push({ left: sum([left, freed]), words, renewsAt });
  }
  return bounds;
}

function refusal(scenes: readonly QuotedScene[], covered: readonly QuotedScene[], bound: Bound): SoraError {
  const total = priceOf(scenes);
  const what = scenes.length === 1 ? 'the scene costs' : `the ${scenes.length} scenes cost`;
  const some = covered.length > 0 ? `, or pass partial: true to make the first ${covered.length}` : '';
  const raise =
    bound.renewsAt === undefined
      ? 'Raise it if the user agrees'
      : `It renews at ${bound.renewsAt}; only the operator can raise it. Wait`;
  return new SoraError({
    code: 'budget_exceeded',
    field: bound.field,
    message: `${what} ${formatUsd(total)}, and ${bound.words}`,
    hint: `${raise}, make scenes shorter or fewer${some}.`,
    details: {
      costUsd: toUsd(total),
      leftUsd: toUsd(bound.left),
      coveredScenes: covered.length,
      ...(bound.renewsAt !== undefined && { renewsAt: bound.renewsAt }),
    },
  });
}

function missingOf(
  all: readonly QuotedScene[],
  made: readonly QuotedScene[],
  bound: Bound | undefined,
): string | undefined {
  if (made.length === all.length) return undefined;
  const numbers = all.filter((scene) => !made.includes(scene)).map(({ index }) => index + 1);
  const why = bound ? bound.words : "they cost more than the operator's limit a video";
  return `scene ${numbers.join(', ')}; ${why}`;
}
