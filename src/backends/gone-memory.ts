import { type Clock, utcDay } from '../domain/ids.ts';
import type { Notices } from './http-port.ts';

const DAY_MS = 86_400_000;

/** Stands for the backend itself, where a model's name would stand. */
export const WHOLE_BACKEND = '*';
/** Stand there for what was announced of the backend's end: a day, and that one will come. */
const SUNSET = '*sunset';
const DEPRECATION = '*deprecation';
/** After so long without a word of it an announcement was withdrawn. */
const ANNOUNCED_MS = 30 * DAY_MS;

export interface GoneFact {
  /** A model's name, `WHOLE_BACKEND`, or an announcement. */
  readonly subject: string;
  /** Unix milliseconds until which it is believed. */
  readonly until: number;
  /** Of an announced end the ISO date. */
  readonly reason: string;
}

/** What a backend said that it does not do (any more), or soon. Kept where the process decides: the store outlives it. */
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

/** Names no model. */
export function isAnnouncement({ subject }: GoneFact): boolean {
  return subject === SUNSET || subject === DEPRECATION;
}

/** Keeps what was announced; what is known already is written anew once a day. */
export function keepNotices({ sunset, deprecation }: Notices, memory: GoneMemory, clock: Clock): void {
  const heard = [
    ...(sunset === undefined ? [] : [{ subject: SUNSET, reason: utcDay(sunset) }]),
    ...(deprecation === undefined ? [] : [{ subject: DEPRECATION, reason: deprecation }]),
  ];
  if (heard.length === 0) return;
  const known = memory.recall();
  for (const each of heard) {
    const fact = { ...each, until: clock() + ANNOUNCED_MS };
    const same = known.find(({ subject, reason }) => subject === each.subject && reason === each.reason);
    if (same === undefined || Math.abs(fact.until - same.until) >= DAY_MS) memory.remember(fact);
  }
}

/** A warning, for what still answers is not gone: follows "it is". */
export function announced(memory: GoneMemory, clock: Clock): string | undefined {
  const facts = memory.recall();
  const end = facts.find(({ subject }) => subject === SUNSET)?.reason;
  if (end !== undefined) return `announced to ${end < utcDay(clock()) ? 'have ended' : 'end'} on ${end}`;
  return facts.some(({ subject }) => subject === DEPRECATION) ? 'announced as deprecated' : undefined;
}
