import type { Clock } from '../domain/ids.ts';

/** Stands for the backend itself, where a model's name would stand. */
export const WHOLE_BACKEND = '*';

export interface GoneFact {
  /** A model's name, or `WHOLE_BACKEND`. */
  readonly subject: string;
  /** Unix milliseconds until which it is believed. */
  readonly until: number;
  readonly reason: string;
}

/** What a backend said that it does not do (any more). Kept where the process decides: the store outlives it. */
export interface GoneMemory {
  /** What is still believed. */
  recall(): readonly GoneFact[];
  remember(fact: GoneFact): void;
  forget(subject: string): void;
}

/** A memory for as long as the process lives. */
export function shortMemory(clock: Clock): GoneMemory {
  const facts = new Map<string, GoneFact>();
  return {
    recall: () => [...facts.values()].filter((fact) => clock() < fact.until),
    remember: (fact) => facts.set(fact.subject, fact),
    forget: (subject) => facts.delete(subject),
  };
}
