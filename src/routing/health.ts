import type { BackendHealth } from '../domain/health.ts';

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
