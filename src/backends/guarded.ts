import { SoraError } from '../domain/errors.ts';
import type { BackendHealth } from '../domain/health.ts';
import type { Clock } from '../domain/ids.ts';
import type { BackendLimits } from '../domain/models.ts';
import type { Backend, CallContext } from './backend.ts';
import { BREAKER_POLICY, type BreakerPolicy, createBreaker } from './breaker.ts';
import type { DialectBackend } from './engine.ts';
import { announced, type GoneMemory, isAnnouncement, keepNotices, shortMemory, WHOLE_BACKEND } from './gone-memory.ts';
import { createLimiter, type Limiter } from './limiter.ts';
import type { ServerProbe } from './probe.ts';

export interface GuardedBackend extends Backend {
  health(): BackendHealth;
  probe(context?: CallContext): Promise<ServerProbe>;
}

export interface GuardOptions {
  readonly clock: Clock;
  /** Default: the profile's. */
  readonly limits?: Pick<BackendLimits, 'createsPerMinute' | 'readsPerMinute'> | undefined;
  /** Default `BREAKER_POLICY`. */
  readonly breaker?: BreakerPolicy | undefined;
  /** What it said to be gone. Default: remembered for as long as the process lives. */
  readonly memory?: GoneMemory | undefined;
  /** How long `gone` is believed, in milliseconds. Default 15 minutes. */
  readonly goneMs?: number | undefined;
}

const GONE_MS = 15 * 60_000;
/** One job's Retry-After must not keep all others from being asked for until their links have lapsed. */
const LONGEST_READ_PAUSE_MS = 60_000;
const LONGEST_CREATE_PAUSE_MS = 60 * 60_000;
/** Codes that speak of the network or of the upstream's own trouble. */
const TROUBLE: ReadonlySet<string> = new Set(['backend_unavailable', 'upstream_error', 'answer_lost']);

/**
 * The same backend, minding its limits and its health: what cannot succeed now is refused here, at once and for free.
 * Downloads pass freely: their bytes often come from elsewhere.
 */
export function guarded(backend: Backend | DialectBackend, options: GuardOptions): GuardedBackend {
  const { clock } = options;
  const { profile } = backend;
  const goneMs = options.goneMs ?? GONE_MS;
  const limits = options.limits ?? profile.limits;
  const creates = createLimiter(limits.createsPerMinute, clock);
  const reads = createLimiter(limits.readsPerMinute, clock);
  const breaker = createBreaker(options.breaker ?? BREAKER_POLICY, clock);
  const memory = options.memory ?? shortMemory(clock);

  /** What is remembered for longer than it ever is was heard before the clock was set back: it is asked anew. */
  const believed = () => memory.recall().filter(({ until }) => until <= clock() + goneMs);
  const goneNow = () => believed().find(({ subject }) => subject === WHOLE_BACKEND);
  const modelsNow = () => {
    const models = believed().filter((fact) => fact.subject !== WHOLE_BACKEND && !isAnnouncement(fact));
    return Object.fromEntries(models.map(({ subject, until }) => [subject, until]));
  };

  /** What is refused before it leaves (a clip that cannot be fetched) takes no place, and says nothing of the backend. */
  async function through<T>(
    limiter: Limiter,
    context: CallContext | undefined,
    call: (context: CallContext) => Promise<T>,
    health: 'told' | 'told by success only' = 'told',
  ): Promise<T> {
    if (breakerOpen()) throw down();
    let admitted = false;
    const sending = (): void => {
      context?.sending?.();
      const wait = limiter.take();
      if (wait > 0) throw tooMany(wait);
      // The breaker is asked last: its yes may be the one trial, which must then really be sent.
      if (!breaker.admit()) throw down();
      admitted = true;
    };
    try {
      const result = await call({ ...context, sending });
      breaker.succeeded();
      return result;
    } catch (error) {
      if (admitted) report(error, limiter, health);
      throw error;
    } finally {
      listen();
    }
  }

  function listen(): void {
    try {
      if ('notices' in backend) keepNotices(backend.notices(), memory, clock);
    } catch {
      // An answer that may be paid for is worth more than a warning that could not be kept.
    }
  }

  function report(error: unknown, limiter: Limiter, health: 'told' | 'told by success only'): void {
    if (!(error instanceof SoraError) || error.code === 'cancelled' || error.details?.cancelled === true) {
      breaker.abstained();
    } else if (TROUBLE.has(error.code)) {
      if (health === 'told') breaker.failed(error.message);
      else breaker.abstained();
    } else if (error.details?.status === undefined) {
      // Refused before anything was sent: nothing was learned.
      breaker.abstained();
    } else {
      breaker.succeeded();
      remember(error, limiter);
    }
  }

  function remember(error: SoraError, limiter: Limiter): void {
    if (error.code === 'rate_limited' && error.retryAfterSeconds !== undefined) {
      const longest = limiter === reads ? LONGEST_READ_PAUSE_MS : LONGEST_CREATE_PAUSE_MS;
      limiter.pauseUntil(clock() + Math.min(longest, error.retryAfterSeconds * 1_000));
    }
    if (error.code !== 'backend_gone') return;
    const { model } = error.details ?? {};
    const subject = typeof model === 'string' ? model : WHOLE_BACKEND;
    memory.remember({ subject, until: clock() + goneMs, reason: error.message });
  }

  async function create<T>(
    model: string | undefined,
    context: CallContext | undefined,
    call: (context: CallContext) => Promise<T>,
  ): Promise<T> {
    const over = goneNow();
    if (over) throw goneError(over.reason, over.until);
    const until = model === undefined ? undefined : modelsNow()[model];
    if (until !== undefined)
      throw goneError(`${profile.id} said that it does not have the model ${model}`, until, model);
    const result = await through(creates, context, call);
    // It works after all, whatever another process has heard meanwhile.
    for (const { subject } of memory.recall()) {
      if (subject === WHOLE_BACKEND || subject === model) memory.forget(subject);
    }
    return result;
  }

  function breakerOpen(): boolean {
    const now = breaker.state();
    return now.state === 'open' && clock() < now.until;
  }

  function down(): SoraError {
    const now = breaker.state();
    const until = now.state === 'open' ? Math.max(now.until, clock() + 1_000) : clock() + 1_000;
    return new SoraError({
      code: 'backend_unavailable',
      message: `${profile.id} is left alone for a while: ${now.state === 'open' ? now.reason : 'it is being tried'}`,
      hint: 'Try again later, or choose another backend.',
      retryable: true,
      retryAfterSeconds: secondsUntil(until),
    });
  }

  function tooMany(waitMs: number): SoraError {
    return new SoraError({
      code: 'rate_limited',
      message: `${profile.id} takes no more requests for the moment`,
      hint: 'Wait, then ask again; the limit is set in the configuration or was told by the upstream.',
      retryable: true,
      retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1_000)),
    });
  }

  function goneError(reason: string, until: number, model?: string): SoraError {
    return new SoraError({
      code: 'backend_gone',
      message: reason,
      hint:
        model === undefined
          ? 'Choose another backend, or point its base URL at a server that lives.'
          : 'Ask for another model, or choose another backend; sora://backends lists them.',
      retryAfterSeconds: secondsUntil(until),
      ...(model === undefined ? {} : { details: { model } }),
    });
  }

  const secondsUntil = (time: number) => Math.max(1, Math.ceil((time - clock()) / 1_000));

  function health(): BackendHealth {
    const { limitedAt } = 'notices' in backend ? backend.notices() : {};
    const known = { goneModels: modelsNow(), ...(limitedAt !== undefined && { limitedAt }) };
    const over = goneNow();
    if (over) return { state: 'gone', until: over.until, reason: over.reason, ...known };
    const now = breaker.state();
    if (now.state === 'open') return { state: 'down', until: now.until, reason: now.reason, ...known };
    const reason = announced(memory, clock);
    return { state: 'up', ...(reason !== undefined && { reason }), ...known };
  }

  const { listVideos, deleteVideo, revise, createCharacter, extractCharacter, getCharacter, listCharacters } = backend;
  return {
    profile,
    health,
    createVideo: (request, context) => create(request.model, context, (its) => backend.createVideo(request, its)),
    getVideo: (id, context) => through(reads, context, (its) => backend.getVideo(id, its)),
    // A list that fails is no sign that jobs cannot be made, or asked for one by one.
    ...(listVideos && {
      listVideos: (page, context) => through(reads, context, (its) => listVideos(page, its), 'told by success only'),
    }),
    ...(deleteVideo && { deleteVideo: (id, context) => through(reads, context, (its) => deleteVideo(id, its)) }),
    ...(revise && { revise: (request, context) => create(request.model, context, (its) => revise(request, its)) }),
    ...(createCharacter && {
      createCharacter: (request, context) => create(undefined, context, (its) => createCharacter(request, its)),
    }),
    ...(extractCharacter && {
      extractCharacter: (request, context) => create(undefined, context, (its) => extractCharacter(request, its)),
    }),
    ...(getCharacter && {
      getCharacter: (pending, context) => through(reads, context, (its) => getCharacter(pending, its)),
    }),
    ...(listCharacters && { listCharacters: (context) => through(reads, context, (its) => listCharacters(its)) }),
    openContent: (known, variant, from, context) => backend.openContent(known, variant, from, context),
    async probe(context) {
      const result = await backend.probe(context);
      if (result.reachable) breaker.succeeded();
      else breaker.failed(result.problem ?? 'it could not be reached');
      listen();
      return result;
    },
    close: () => backend.close(),
  };
}
