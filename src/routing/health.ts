/** What is known about a backend's state, from the breaker and from `Sunset`, 410 and `model_not_found` answers. */
export interface BackendHealth {
  /** `gone`: it answers, and says that the service is no more. */
  readonly state: 'up' | 'down' | 'gone';
  readonly reason?: string | undefined;
  /** Unix milliseconds until which nothing is sent there; after it one request may try. Absent: not known. */
  readonly until?: number | undefined;
  /** Models that it says it does not have, each with the unix milliseconds until which that is believed. */
  readonly goneModels: Readonly<Record<string, number>>;
}

export const HEALTHY: BackendHealth = { state: 'up', goneModels: {} };

/** `trial`: it was down and its time is over, so the next request finds out. */
export type Standing = 'usable' | 'trial' | 'refused';

export function standingOf(health: BackendHealth, now: number): Standing {
  if (health.state === 'up') return 'usable';
  return health.until !== undefined && now >= health.until ? 'trial' : 'refused';
}

/** Until when a model is believed to be gone; undefined when it is not. */
export function modelGoneUntil(health: BackendHealth, model: string, now: number): number | undefined {
  const until = Object.hasOwn(health.goneModels, model) ? health.goneModels[model] : undefined;
  return until !== undefined && until > now ? until : undefined;
}

/** A circuit breaker's memory: plain data, so that it can be kept anywhere. */
export interface Breaker {
  readonly health: BackendHealth;
  /** Consecutive failures to reach it. */
  readonly failures: number;
}

export interface BreakerPolicy {
  /** Consecutive failures after which it counts as down. */
  readonly failures: number;
  /** How long it is left alone at first, in milliseconds; doubled with each failed trial. */
  readonly firstRestMs: number;
  readonly longestRestMs: number;
  /** How long `gone` is believed, for a service or a model. */
  readonly goneMs: number;
}

export const BREAKER_POLICY: BreakerPolicy = {
  failures: 3,
  firstRestMs: 15_000,
  longestRestMs: 10 * 60_000,
  goneMs: 60 * 60_000,
};

export const CLOSED: Breaker = { health: HEALTHY, failures: 0 };

/** Any answer that shows the backend at work, a refusal of our arguments included. */
export function afterAnswer(breaker: Breaker): Breaker {
  if (breaker.failures === 0 && breaker.health.state === 'up') return breaker;
  return { health: { state: 'up', goneModels: breaker.health.goneModels }, failures: 0 };
}

/** It could not be reached, or answered 5xx. */
export function afterFailure(
  breaker: Breaker,
  reason: string,
  now: number,
  policy: BreakerPolicy = BREAKER_POLICY,
): Breaker {
  const failures = breaker.failures + 1;
  const { goneModels } = breaker.health;
  if (failures < policy.failures) return { health: breaker.health, failures };
  const rest = Math.min(policy.longestRestMs, policy.firstRestMs * 2 ** Math.min(20, failures - policy.failures));
  return { health: { state: 'down', reason, until: now + rest, goneModels }, failures };
}

/** A trial is on its way: the others wait for its outcome instead of all trying at once. */
export function afterTrialSent(breaker: Breaker, now: number, policy: BreakerPolicy = BREAKER_POLICY): Breaker {
  return { ...breaker, health: { ...breaker.health, until: now + policy.firstRestMs } };
}

/** It said that the service has ended (404, 410 on the whole surface). */
export function afterGone(
  breaker: Breaker,
  reason: string,
  now: number,
  policy: BreakerPolicy = BREAKER_POLICY,
): Breaker {
  const { goneModels } = breaker.health;
  return { health: { state: 'gone', reason, until: now + policy.goneMs, goneModels }, failures: breaker.failures };
}

/** It said that it has no such model. */
export function afterModelGone(
  breaker: Breaker,
  model: string,
  now: number,
  policy: BreakerPolicy = BREAKER_POLICY,
): Breaker {
  const goneModels = { ...breaker.health.goneModels, [model]: now + policy.goneMs };
  return { ...breaker, health: { ...breaker.health, goneModels } };
}
