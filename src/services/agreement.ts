import { SoraError } from '../domain/errors.ts';
import { formatUsd, fromUsd, type MicroUsd, NOTHING, toUsd } from '../domain/money.ts';
import { clean } from '../domain/text.ts';
import { keyOfYes } from './confirmation.ts';
import type { Core, Workspace } from './core.ts';
import { priceUnknown } from './money.ts';
import type { RequestContext } from './services.ts';

const EXCERPT_LENGTH = 80;

interface Offer {
  readonly backend: string;
  readonly quote?: MicroUsd | undefined;
}

/** The most one video may cost: the operator's limit and the caller's, whichever is lower. */
export interface Ceiling {
  allows(quote: MicroUsd | undefined): boolean;
  refusal(cheapest: Offer): SoraError;
}

export function ceilingOf(workspace: Workspace, maxCostUsd: number | undefined): Ceiling {
  const asked = maxCostUsd === undefined ? undefined : fromUsd(maxCostUsd);
  const set = workspace.limits.perVideo;
  const byCaller = asked !== undefined && (set === undefined || asked <= set);
  const limit = byCaller ? asked : set;
  return {
    allows: (quote) => limit === undefined || (quote !== undefined && quote <= limit),
    refusal: (cheapest) => {
      if (cheapest.quote === undefined) return priceUnknown(cheapest.backend);
      const name = byCaller ? 'max_cost_usd' : "the operator's limit a video";
      return new SoraError({
        code: 'budget_exceeded',
        field: byCaller ? 'max_cost_usd' : undefined,
        message: `this costs ${formatUsd(cheapest.quote)} on ${cheapest.backend}, more than ${name} (${formatUsd(limit ?? NOTHING)})`,
        hint: 'Make it shorter or smaller, choose a cheaper model or backend (estimate_cost lists them), or allow more.',
        details: { costUsd: toUsd(cheapest.quote), limitUsd: toUsd(limit ?? NOTHING) },
      });
    },
  };
}

/** Before anything is written or sent for somebody who does not wait for it any more. */
export function refuseAbandoned({ signal }: RequestContext): void {
  if (signal?.aborted) throw new SoraError({ code: 'cancelled', message: 'the caller left; nothing was made' });
}

interface Agreement {
  /** What is to be made, in the words of a question. */
  readonly what: string;
  /** Absent when it is unknown. */
  readonly price: MicroUsd | undefined;
  /** What a person should see of it before they say yes; may be empty. */
  readonly excerpt: string;
  readonly fingerprint: string;
  readonly token: string | undefined;
  /** The caller's own idempotency key. */
  readonly key?: string | undefined;
  readonly context: RequestContext;
}

/**
 * Above the operator's threshold a person says yes first, or the caller brings the token of an earlier refusal. Gives
 * the idempotency key under which the request is to be carried out: the caller's own, else that of the yes.
 */
export async function agree(
  core: Core,
  workspace: Workspace,
  { what, price, excerpt, fingerprint, token, key, context }: Agreement,
): Promise<string | undefined> {
  const above = workspace.limits.confirmAbove;
  if (above === undefined || (price !== undefined && price <= above)) return key;
  const bound = price ?? NOTHING;
  const { confirmations } = core;
  const take = (yes: string, asked: string) => {
    const keyOf = key ?? keyOfYes(yes);
    return confirmations.take(yes, workspace.name, asked, bound, keyOf) ? keyOf : undefined;
  };
  const given = token && take(token, fingerprint);
  if (given) return given;
  const cost = price === undefined ? 'an unknown price' : formatUsd(price);
  if (context.confirm) {
    // Not the fingerprint alone, or the question's mark would do as the token that nobody was to get.
    const asked = `asked ${fingerprint}`;
    const shown = clean(excerpt, EXCERPT_LENGTH);
    let answered: { readonly mark: string; readonly key: string } | undefined;
    const answer = await context.confirm({
      text: `Make ${what} for ${cost}?${shown === '' ? '' : ` "${shown}"`}`,
      mark: confirmations.issue(workspace.name, asked, bound),
      accepts: (mark) => {
        const taken = take(mark, asked);
        if (taken !== undefined) answered = { mark, key: taken };
        return taken !== undefined;
      },
    });
    if (answer === true) return answered?.key ?? key;
    if (answered) confirmations.spoil(answered.mark);
    throw declined(answer, cost);
  }
  throw new SoraError({
    code: 'confirmation_required',
    field: 'confirm',
    message: `this costs ${cost}, above the ${formatUsd(above)} that need a person's yes`,
    hint: 'Ask the user. If they agree, repeat exactly this request with confirm set to this token (valid once, for 15 minutes).',
    details: {
      confirm: confirmations.issue(workspace.name, fingerprint, bound),
      ...(price !== undefined && { costUsd: toUsd(price) }),
    },
  });
}

/** Who can be asked gets no token: silence is no yes that the agent could give instead. */
function declined(answer: false | undefined, cost: string): SoraError {
  const said = answer === false ? `the user declined to spend ${cost}` : `the user did not say yes to spending ${cost}`;
  return new SoraError({
    code: 'confirmation_declined',
    message: said,
    hint: 'Nothing was sent. Do not ask again unless the user wants it; a cheaper request may be welcome.',
  });
}
