import { invalid, SoraError } from '../domain/errors.ts';
import { utcDay } from '../domain/ids.ts';
import type { BackendProfile } from '../domain/models.ts';
import { MAX_SECONDS } from '../domain/video.ts';
import { type QuoteRequest, quotesFor } from '../routing/pricing.ts';
import { route } from '../routing/router.ts';
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
    return { count, quotes, recommended: this.#recommend(request), spend: this.spend().summary };
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

  /** What `generate_video` would choose now, and why. */
  #recommend(request: QuoteRequest): Estimate['recommended'] {
    const { seconds, model, size } = request;
    const candidates = [...this.#core.backends.values()]
      .filter(({ profile }) => !request.withCharacter || profile.capabilities.maxCharacters > 0)
      .map((backend) => ({ profile: backend.profile, health: backend.health() }));
    try {
      const wanted = { seconds, model, size, characters: [], priority: 'cost' } as const;
      const [first] = route(wanted, candidates, this.#core.clock()).choices;
      return first && { backend: first.backend, why: first.reasons.join(' ') };
    } catch (error) {
      if (error instanceof SoraError) return undefined;
      throw error;
    }
  }

  #nothingFits(own: readonly BackendProfile[], input: EstimateInput) {
    const offers = own.flatMap((profile) =>
      profile.models.map((model) => `${model.id} (${model.sizes.join(', ') || 'any size'}) on ${profile.id}`),
    );
    const field = input.model === undefined ? 'size' : 'model';
    return invalid(field, 'no backend makes that', `There are: ${offers.join('; ')}.`);
  }
}
