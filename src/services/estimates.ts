import { invalid } from '../domain/errors.ts';
import { utcDay } from '../domain/ids.ts';
import type { BackendProfile } from '../domain/models.ts';
import { formatUsd } from '../domain/money.ts';
import { MAX_SECONDS } from '../domain/video.ts';
import { quotesFor } from '../routing/pricing.ts';
import type { Core, Workspace } from './core.ts';
import { sizeOf } from './request.ts';
import type { Estimate, EstimateInput, EstimateService, Quote, SpendRow, SpendSummary } from './services.ts';

const SPEND_DAYS = 90;

/** Prices and what was spent, all from data at hand: no quote needs a live upstream. */
export class Estimates implements EstimateService {
  readonly #core: Core;
  readonly #workspace: Workspace;
  /** Well-known upstreams that are not configured, shown for comparison where only the sandbox is. */
  readonly #elsewhere: readonly BackendProfile[];

  constructor(core: Core, workspace: Workspace, elsewhere: readonly BackendProfile[]) {
    this.#core = core;
    this.#workspace = workspace;
    this.#elsewhere = elsewhere;
  }

  estimate(input: EstimateInput): Estimate {
    if (!(input.duration > 0 && input.duration <= MAX_SECONDS)) {
      throw invalid(
        'duration',
        `duration ${input.duration} is not a length`,
        `Give seconds, more than 0, at most ${MAX_SECONDS}.`,
      );
    }
    const count = input.count ?? 1;
    const request = {
      seconds: input.duration,
      model: input.model,
      size: sizeOf(input.size),
      withCharacter: input.withCharacter,
    };
    const own = [...this.#core.backends.values()].map((backend) => backend.profile);
    const quotes: Quote[] = [
      ...own.flatMap((profile) => quotesFor(profile, request).map((quote) => ({ ...quote, configured: true }))),
      ...this.#elsewhere.flatMap((profile) =>
        quotesFor(profile, request).map((quote) => ({ ...quote, configured: false })),
      ),
    ];
    if (quotes.length === 0) throw this.#nothingFits(own, input);
    return { count, quotes, recommended: this.#recommend(quotes, input), spend: this.spend().summary };
  }

  spend(): { summary: SpendSummary; rows: readonly SpendRow[] } {
    const now = this.#core.clock();
    const { limits, name } = this.#workspace;
    const summary = this.#core.store.ledger.summary(name, now, { day: limits.day, month: limits.month });
    const since = utcDay(now - SPEND_DAYS * 86_400_000);
    return {
      summary: { ...summary, ...(limits.perVideo !== undefined && { maxPerVideo: limits.perVideo }) },
      rows: this.#core.store.ledger.rows(name, since),
    };
  }

  #recommend(quotes: readonly Quote[], input: EstimateInput): Estimate['recommended'] {
    const able = quotes.filter((quote) => {
      const backend = this.#core.backends.get(quote.backend);
      if (!quote.configured || !backend || backend.profile.retired || backend.health().state !== 'up') return false;
      const lengths = quote.makesSeconds;
      if (lengths && input.duration > lengths.at(-1)!) return false;
      return !input.withCharacter || backend.profile.capabilities.maxCharacters > 0;
    });
    const known = able.filter((quote) => quote.perVideo !== undefined);
    const best = known.reduce<Quote | undefined>(
      (least, quote) => (least && least.perVideo! <= quote.perVideo! ? least : quote),
      undefined,
    );
    if (!best)
      return able[0] && { backend: able[0].backend, why: 'the only one that can make it; its price is unknown' };
    const next = known.find((quote) => quote.backend !== best.backend);
    const against = next ? `, against ${formatUsd(next.perVideo!)} on ${next.backend}` : '';
    const cast = input.withCharacter ? 'keeps characters and is ' : '';
    return { backend: best.backend, why: `${cast}the cheapest: ${formatUsd(best.perVideo!)} a video${against}` };
  }

  #nothingFits(own: readonly BackendProfile[], input: EstimateInput) {
    const offers = own.flatMap((profile) =>
      profile.models.map((model) => `${model.id} (${model.sizes.join(', ') || 'any size'}) on ${profile.id}`),
    );
    const field = input.model === undefined ? 'size' : 'model';
    return invalid(field, 'no backend makes that', `There are: ${offers.join('; ')}.`);
  }
}
